/** Makes the answers that come from API Gateway itself. */
import type { GatewayResponseModel } from "../template/deployment-model.ts";

/** AWS's status and message for each type of gateway response that can occur locally. */
const defaults = {
  ACCESS_DENIED: { status: 403, message: "User is not authorized to access this resource" },
  AUTHORIZER_CONFIGURATION_ERROR: { status: 500, message: null },
  AUTHORIZER_FAILURE: { status: 500, message: null },
  DEFAULT_4XX: { status: 400, message: "Bad Request" },
  DEFAULT_5XX: { status: 502, message: "Internal server error" },
  INTEGRATION_TIMEOUT: { status: 504, message: "Endpoint request timed out" },
  MISSING_AUTHENTICATION_TOKEN: { status: 403, message: "Missing Authentication Token" },
  REQUEST_TOO_LARGE: { status: 413, message: "Request Too Long" },
  UNAUTHORIZED: { status: 401, message: "Unauthorized" },
} as const;
export type GatewayResponseType = keyof typeof defaults;

/** The values that templates and header mappings can use. */
export interface ResponseVariables {
  /** `requestId`, `authorizer.code` → value. */
  readonly context: Readonly<Record<string, string>>;
  readonly request: {
    /** By lower-case name. */
    readonly header: Readonly<Record<string, string>>;
    readonly querystring: Readonly<Record<string, string>>;
    readonly path: Readonly<Record<string, string>>;
  };
}

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** The variables of every gateway response, besides those of the request. */
export function errorVariables(
  type: GatewayResponseType,
  message: string | null = defaults[type].message,
): Record<string, string> {
  return {
    "error.message": message ?? "null",
    "error.messageString": JSON.stringify(message),
    "error.responseType": type,
  };
}

/** The value of `'static'`, `context.*` or `method.request.<kind>.<name>`; undefined when it is absent. */
function mapped(mapping: string, { context, request }: ResponseVariables): string | undefined {
  if (mapping.startsWith("'")) return mapping.slice(1, -1);
  if (mapping.startsWith("context.")) return context[mapping.slice("context.".length)];
  const [, kind, name = ""] = /^method\.request\.(header|querystring|path)\.(.+)$/.exec(mapping) ?? [];
  return kind === "header" ? request.header[name.toLowerCase()] : request[kind as "querystring" | "path"][name];
}

/** Replaces `$context.x` with its value, without escaping. An unknown variable becomes empty. */
export function substitute(template: string, context: Readonly<Record<string, string>>): string {
  return template.replace(
    /\$(?:context\.([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)|\{context\.([^}]+)\})/g,
    (_, plain?: string, braced?: string) => longestKnown(plain ?? braced ?? "", context),
  );
}

/** `$context.requestId.` at the end of a sentence names `requestId`: a dot belongs to a name only if such a name is known. */
function longestKnown(path: string, context: Readonly<Record<string, string>>): string {
  const parts = path.split(".");
  for (let length = parts.length; length > 0; length--) {
    const value = context[parts.slice(0, length).join(".")];
    if (value !== undefined) return [value, ...parts.slice(length)].join(".");
  }
  return "";
}

/**
 * Makes a gateway response: the template's own for the type, else its DEFAULT_4XX or DEFAULT_5XX, else AWS's.
 *
 * @param declared response type → the template's gateway response
 * @param status when the template sets none; default: AWS's
 */
export function gatewayResponse(
  type: GatewayResponseType,
  declared: ReadonlyMap<string, GatewayResponseModel>,
  variables: ResponseVariables,
  status: number = defaults[type].status,
): GatewayAnswer {
  const chosen = declared.get(type) ?? declared.get(status < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX");
  const templates = Object.entries(chosen?.templates ?? {});
  const [contentType, template] = chooseTemplate(templates, variables.request.header["accept"]) ?? [
    "application/json",
    '{"message":$context.error.messageString}',
  ];
  const headers = new Map<string, readonly [string, string]>([["content-type", ["Content-Type", contentType]]]);
  for (const [parameter, mapping] of Object.entries(chosen?.parameters ?? {})) {
    const name = parameter.slice("gatewayresponse.header.".length);
    const value = mapped(mapping, variables);
    if (value !== undefined) headers.set(name.toLowerCase(), [name, value]);
  }
  return {
    status: chosen?.statusCode ?? status,
    headers: [...headers.values()],
    body: substitute(template, variables.context),
  };
}

/** API Gateway uses the template of the first media type in `Accept`, else `application/json`, else the first one. */
function chooseTemplate(
  templates: readonly (readonly [string, string])[],
  accept: string | undefined,
): readonly [string, string] | undefined {
  const wanted = accept?.split(",")[0]?.split(";")[0]?.trim().toLowerCase();
  return (
    templates.find(([type]) => type.toLowerCase() === wanted) ??
    templates.find(([type]) => type === "application/json") ??
    templates[0]
  );
}
