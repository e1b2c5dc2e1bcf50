/** The OpenAPI 3.1 document, made from the declarations. */
import * as z from "zod";
import { oauthErrorCodes, toOAuthError, type OAuthErrorCode } from "./oauth-error.ts";
import type { AnyOperation } from "./operation.ts";
import { Problem, problemCatalogue, problemCodes, recordedRefusals, type ProblemCode } from "../domain/problems.ts";

type Json = Record<string, unknown>;

/** What the gateway alone says, of any path: that nothing is there, that the firewall refused, that there were too many calls. */
const gatewayProblems = ["not_found", "forbidden", "rate_limited"] as const satisfies readonly ProblemCode[];

/** Codes that an operation may give: its own, and those that every operation of its kind may. */
export function problemsOf(operation: AnyOperation): readonly ProblemCode[] {
  const { access, request, problems } = operation;
  const given = new Set<ProblemCode>([
    ...problems,
    ...gatewayProblems,
    "internal_error",
    "unavailable",
    "body_too_large",
  ]);
  if (access !== "public") {
    for (const code of ["token_missing", "token_invalid", "token_expired", "token_revoked"] as const) given.add(code);
    if (access.partner?.scope !== undefined) given.add("insufficient_scope");
  }
  // Whatever an operation takes, an unknown parameter of the query is refused.
  given.add("validation_failed");
  if (request.body !== undefined) given.add("media_type_unsupported");
  // Any text is a form.
  if (request.body !== undefined && request.bodyType !== "form") given.add("body_malformed");
  if (operation.idempotent) given.add("idempotency_key_reused").add("request_in_progress");
  if (operation.conditional) given.add("precondition_failed");
  return problemCodes.filter((code) => given.has(code));
}

/**
 * The document.
 *
 * @param publicUrl where callers reach the API
 */
export function openApiDocument(
  operations: readonly AnyOperation[],
  { publicUrl, version }: { readonly publicUrl: string; readonly version: string },
): Json & { readonly openapi: string } {
  const shared: Shared = { schemas: { Problem: problemSchema(), OAuthError: oauthErrorSchema }, responses: {} };
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = describeOperation(operation, shared);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Portico",
      version,
      summary: "Partners, subscriptions, people and what they share",
      description:
        "Business operations live under `/v1` and speak JSON in camelCase. Every error is a problem (RFC 9457) with a `code` from a closed " +
        "catalogue; `/oauth` answers as its RFCs say. Times are RFC 3339 in UTC. Every response carries `x-request-id`.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: publicUrl }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      ...shared,
      parameters: sharedParameters,
      headers: sharedHeaders,
      examples: Object.fromEntries([
        ...problemCodes.map((code) => [code, { value: exampleProblem(code, publicUrl) }] as const),
        ...oauthErrorCodes.map((error) => [oauthExample(error), { value: exampleOAuthError(error) }] as const),
      ]),
      securitySchemes: {
        partner: {
          type: "oauth2",
          description: "A partner's access token, by client credentials",
          flows: { clientCredentials: { tokenUrl: `${publicUrl}/oauth/token`, scopes: scopeDescriptions } },
        },
        user: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "A person's access token, by signing in. An operation lists the roles of which the person must have one.",
        },
      },
    },
  };
}

const scopeDescriptions = {
  "subscriptions:read": "Read the partner's own subscriptions",
  "subscriptions:write": "Create, extend and cancel them",
  "companies:read": "Read the partner's own companies",
  "companies:write": "Create, change and delete them",
};

/** What several operations refer to, by name, collected while they are described. */
interface Shared {
  readonly schemas: Json;
  readonly responses: Json;
}

function describeOperation(operation: AnyOperation, { schemas, responses }: Shared): Json {
  const { id, tag, summary, description, access, request } = operation;
  return {
    operationId: id.replace(/[.-](.)/g, (_match, letter: string) => letter.toUpperCase()),
    tags: [tag],
    summary,
    description,
    security: access === "public" ? [] : securityOf(access),
    parameters: [
      ...parametersOf(request.path, "path", schemas),
      ...parametersOf(request.query, "query", schemas),
      ...(operation.idempotent ? [refer("parameters", "Idempotency-Key")] : []),
      ...(operation.conditional ? [refer("parameters", "If-Match")] : []),
      ...(operation.success.mediaTypes ? [refer("parameters", "If-None-Match")] : []),
      refer("parameters", "x-correlation-id"),
    ],
    ...(request.body !== undefined && { requestBody: requestBodyOf(operation, schemas) }),
    responses: { ...successOf(operation, schemas), ...failuresOf(operation, responses) },
  };
}

function securityOf(access: Exclude<AnyOperation["access"], "public">): Json[] {
  return [
    ...(access.partner ? [{ partner: access.partner.scope === undefined ? [] : [access.partner.scope] }] : []),
    ...(access.user ? [{ user: access.user.roles }] : []),
  ];
}

function refer(kind: "headers" | "parameters" | "examples" | "schemas" | "responses", name: string): Json {
  return { $ref: `#/components/${kind}/${name}` };
}

const sharedParameters = {
  "Idempotency-Key": {
    name: "Idempotency-Key",
    in: "header",
    description:
      "1 to 255 visible ASCII characters. The same key with the same request within 24 hours gets the first answer again.",
    schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[!-~]+$", examples: ["order-4711"] },
  },
  "If-Match": {
    name: "If-Match",
    in: "header",
    description: "The `etag` of the resource as it was read: the change is refused if it has changed since.",
    schema: { type: "string", examples: ['"1"'] },
  },
  "If-None-Match": {
    name: "If-None-Match",
    in: "header",
    description: "The `etag` of the page or file that the caller has: 304 if it is still the same.",
    schema: { type: "string", examples: ['W/"3f6c1a526a5c"'] },
  },
  "x-correlation-id": {
    name: "x-correlation-id",
    in: "header",
    description:
      "Yours, echoed in the answer and logged. One that is not 1 to 128 visible ASCII characters is dropped.",
    schema: { type: "string", examples: ["checkout-4711"] },
  },
};

/** Of answers. Those that are required are in every answer that names them. */
const sharedHeaders = {
  "x-request-id": {
    description: "Names this request to us",
    required: true,
    schema: { type: "string", format: "uuid" },
  },
  "x-correlation-id": { description: "The caller's own, where it sent a usable one", schema: { type: "string" } },
  "cache-control": {
    description: "`no-store` but for what is the same for everybody",
    required: true,
    schema: { type: "string" },
  },
  location: { description: "Path of the new resource", required: true, schema: { type: "string" } },
  etag: { description: "Entity tag of the resource, for `If-Match`", required: true, schema: { type: "string" } },
  "idempotency-replayed": {
    description: "`true` when this is the first answer again; absent otherwise",
    schema: { type: "string", const: "true" },
  },
  "retry-after": {
    description: "Seconds to wait before the request is sent again",
    required: true,
    schema: { type: "string", pattern: "^[0-9]+$" },
  },
  "www-authenticate": {
    description: "The challenge (RFC 6750 §3) where the access token is missing or refused",
    schema: { type: "string" },
  },
  "x-amzn-remapped-www-authenticate": {
    description:
      "The challenge of `invalid_client` (RFC 6749 §5.2), or of a token that was revoked while the operation ran, under the name that API Gateway gives it",
    schema: { type: "string" },
  },
};

/** JSON under the same address has none, so it is not in every answer. */
const pageEtag = { description: "Entity tag of the page or file, for `If-None-Match`", schema: { type: "string" } };

function headersOf(...names: readonly (keyof typeof sharedHeaders)[]): Json {
  const common = ["x-request-id", "x-correlation-id", "cache-control"] as const;
  return Object.fromEntries([...common, ...names].map((name) => [name, refer("headers", name)]));
}

function requestBodyOf({ method, request }: AnyOperation, schemas: Json): Json {
  const content = {
    schema: jsonSchema(request.body as z.ZodType, "input", schemas),
    // What may be left out stands for `{}`.
    example: request.bodyExample ?? {},
  };
  const types =
    request.bodyType === "form"
      ? ["application/x-www-form-urlencoded"]
      : ["application/json", ...(method === "PATCH" ? ["application/merge-patch+json"] : [])];
  return {
    required: request.bodyOptional !== true,
    content: Object.fromEntries(types.map((type) => [type, content])),
  };
}

function parametersOf(schema: z.ZodType | undefined, place: "path" | "query", schemas: Json): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, "input", schemas) as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: property,
  }));
}

function successOf({ success, idempotent }: AnyOperation, schemas: Json): Json {
  const { status, description, body, example, mediaTypes } = success;
  const content = (body ?? mediaTypes) && {
    ...(body && {
      "application/json": { schema: jsonSchema(body, "output", schemas), ...(example !== undefined && { example }) },
    }),
    ...Object.fromEntries((mediaTypes ?? []).map((type) => [type, { schema: { type: "string" } }])),
  };
  const headers = {
    ...headersOf(
      ...(status === 201 ? (["location"] as const) : []),
      ...(hasEtag(body) ? (["etag"] as const) : []),
      ...(idempotent ? (["idempotency-replayed"] as const) : []),
    ),
    ...(mediaTypes && { etag: pageEtag }),
  };
  return {
    [status]: { description, headers, ...(content && { content }) },
    ...(mediaTypes && { 304: { description: "The page or file is as the caller has it", headers } }),
  };
}

function hasEtag(body: z.ZodType | undefined): boolean {
  return body instanceof z.ZodObject && "etag" in body.shape;
}

/** Refusals of one status share an answer; its description names their codes. */
function failuresOf(operation: AnyOperation, responses: Json): Json {
  const oauth = oauthErrorsOf(operation);
  const problems = Map.groupBy<number, ProblemCode>(
    shownAsProblems(operation),
    (code) => problemCatalogue[code].status,
  );
  const statuses = [...new Set([...problems.keys(), ...oauth.keys()])];
  return Object.fromEntries(
    statuses.map((status) => {
      const errors = oauth.get(status) ?? [];
      const codes = problems.get(status) ?? [];
      const replayed = operation.idempotent === true && recordedRefusals.has(status);
      const name = [...errors.map(oauthExample), ...codes, ...(replayed ? ["replayed"] : [])].join("-");
      responses[name] = {
        description: [...errors, ...codes].map((code) => `\`${code}\``).join(", "),
        headers: headersOf(
          ...(status === 401 ? challengeHeaders(codes) : []),
          ...(replayed ? (["idempotency-replayed"] as const) : []),
          ...(status === 429 || status === 503 ? (["retry-after"] as const) : []),
        ),
        content: {
          ...(errors.length > 0 && { "application/json": shown("OAuthError", errors.map(oauthExample)) }),
          ...(codes.length > 0 && { "application/problem+json": shown("Problem", codes) }),
        },
      };
      return [status, refer("responses", name)];
    }),
  );
}

function shown(schema: "OAuthError" | "Problem", examples: readonly string[]): Json {
  return {
    schema: refer("schemas", schema),
    examples: Object.fromEntries(examples.map((name) => [name, refer("examples", name)])),
  };
}

/** The codes that an operation shows as such: a door of OAuth speaks in OAuth's words, but not the gateway in front of it. */
export function shownAsProblems(operation: AnyOperation): readonly ProblemCode[] {
  const codes = problemsOf(operation);
  if (operation.errorFormat !== "oauth") return codes;
  const fromGateway = new Set<ProblemCode>([...gatewayProblems, "body_too_large", "internal_error", "unavailable"]);
  return codes.filter((code) => fromGateway.has(code));
}

/** The errors that an OAuth operation may give, by status: its own, and those that `toOAuthError` makes of shared checks. */
export function oauthErrorsOf(operation: AnyOperation): ReadonlyMap<number, readonly OAuthErrorCode[]> {
  const errors = new Map<number, OAuthErrorCode[]>();
  if (operation.errorFormat !== "oauth") return errors;
  const add = (status: number, error: OAuthErrorCode) => {
    const known = errors.get(status) ?? [];
    if (!known.includes(error)) errors.set(status, [...known, error]);
  };
  const gatewayOnly = new Set<ProblemCode>(gatewayProblems);
  for (const code of problemsOf(operation)) {
    if (gatewayOnly.has(code)) continue;
    const { error, status } = toOAuthError(new Problem(code, ""));
    add(status, error);
  }
  for (const error of operation.oauthErrors ?? []) add(error === "invalid_client" ? 401 : 400, error);
  return errors;
}

/** The gateway's challenge, and that of a door: API Gateway gives it another name. */
function challengeHeaders(codes: readonly ProblemCode[]): readonly (keyof typeof sharedHeaders)[] {
  const remapped = "x-amzn-remapped-www-authenticate";
  return codes.length === 0 ? [remapped] : ["www-authenticate", remapped];
}

function exampleProblem(code: ProblemCode, publicUrl: string): Json {
  const requestId = "1b2f6d3e-8c4a-4e0f-9d57-3a6b1c2d4e5f";
  const { status, title } = problemCatalogue[code];
  return {
    type: `${publicUrl}/problems/${code}`,
    title,
    status,
    detail: `${title}.`,
    instance: `urn:uuid:${requestId}`,
    code,
    requestId,
    ...(code === "validation_failed" && { errors: [{ pointer: "/name", detail: "is required" }] }),
  };
}

/** OAuth's names and the problems' meet among the examples: `unavailable` is no error of OAuth, but may become one. */
function oauthExample(error: OAuthErrorCode): string {
  return `oauth_${error}`;
}

function exampleOAuthError(error: OAuthErrorCode): Json {
  return { error, error_description: "What is wrong, for developers" };
}

function problemSchema(): Json {
  return {
    type: "object",
    description: "RFC 9457",
    required: ["type", "title", "status", "detail", "instance", "code", "requestId"],
    properties: {
      type: { type: "string", format: "uri", description: "The page that explains the code" },
      title: { type: "string" },
      status: { type: "integer" },
      detail: { type: "string" },
      instance: { type: "string", format: "uri" },
      code: { type: "string", enum: problemCodes },
      requestId: { type: "string" },
      errors: {
        type: "array",
        items: {
          type: "object",
          required: ["pointer", "detail"],
          properties: {
            pointer: { type: "string", format: "json-pointer" },
            detail: { type: "string" },
          },
        },
      },
    },
  };
}

const oauthErrorSchema: Json = {
  type: "object",
  description: "RFC 6749 §5.2",
  required: ["error"],
  properties: { error: { type: "string", enum: oauthErrorCodes }, error_description: { type: "string" } },
};

/** A schema as JSON Schema 2020-12; schemas that have an id are put among the components and referred to. */
function jsonSchema(schema: z.ZodType, io: "input" | "output", schemas: Json): Json {
  const {
    $schema: _dialect,
    $defs = {},
    ...converted
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ jsonSchema: node }) => {
      // Messages and checks live in the schemas; the document says `additionalProperties` only where it forbids them.
      if (io === "output") delete node.additionalProperties;
    },
  }) as Json & { $defs?: Record<string, Json> };
  for (const [name, definition] of Object.entries($defs)) schemas[name] = relocated(definition);
  const { id, ...rest } = relocated(converted) as Json & { id?: string };
  if (typeof id !== "string") return rest;
  schemas[id] = rest;
  return { $ref: `#/components/schemas/${id}` };
}

function relocated(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
}
