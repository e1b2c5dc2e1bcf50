/** Generates the OpenAPI 3.1 document from the declarations. */
import * as z from "zod";
import { administrators, type Scope } from "../domain/access.ts";
import { linksOf } from "./openapi-links.ts";
import { errorResponseName, operationIdOf, typePrefixOf } from "./openapi-names.ts";
import { oauthErrorCodes, toOAuthError, type OAuthErrorCode } from "./oauth-error.ts";
import { stopsWhenReadOnly, type AnyOperation } from "./operation.ts";
import { Problem, problemCatalogue, problemCodes, recordedRefusals, type ProblemCode } from "../domain/problems.ts";

type Json = Record<string, unknown>;

/** Problems of the gateway, on any path: unknown route, refused by the firewall, rate limit. */
const gatewayProblems = ["not_found", "forbidden", "rate_limited"] as const satisfies readonly ProblemCode[];

const authenticationProblems = [
  "token_missing",
  "token_invalid",
  "token_expired",
  "token_revoked",
  "proof_invalid",
] as const satisfies readonly ProblemCode[];

/** The problem codes of an operation: its own and those that all operations of its kind share. */
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
    for (const code of authenticationProblems) given.add(code);
    if (access.partner !== undefined) given.add("quota_exceeded");
    if (access.partner?.scope !== undefined) given.add("insufficient_scope");
    for (const code of requiredActionCodes(operation)) given.add(code);
  }
  // Every operation refuses an unknown query parameter.
  given.add("validation_failed");
  if (request.body !== undefined) given.add("media_type_unsupported");
  // Every text parses as a form.
  if (request.body !== undefined && request.bodyType !== "form") given.add("body_malformed");
  if (operation.idempotent) given.add("idempotency_key_reused").add("request_in_progress");
  if (operation.conditional) given.add("precondition_failed");
  if (stopsWhenReadOnly(operation)) given.add("read_only");
  return problemCodes.filter((code) => given.has(code));
}

/** The refusals of people who have to do something else first. */
function requiredActionCodes({ access, allowedBefore = [] }: AnyOperation): readonly ProblemCode[] {
  const callers = access === "public" ? [] : (access.user?.roles ?? []);
  const codes: ProblemCode[] = [];
  if (callers.length > 0 && !allowedBefore.includes("change_password")) codes.push("password_change_required");
  const hasAdministrators = callers.some((role) => administrators.includes(role));
  if (hasAdministrators && !allowedBefore.includes("enrol_second_factor")) {
    codes.push("second_factor_enrolment_required");
  }
  return codes;
}

/** A request that Portico makes (OpenAPI 3.1.1 §4.8.1, `webhooks`). */
export interface WebhookDeclaration {
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  /** Name → description. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: z.ZodType;
  readonly example: unknown;
  /** Status → what Portico makes of it. */
  readonly answers: Readonly<Record<string, string>>;
}

interface DocumentOptions {
  readonly publicUrl: string;
  readonly version: string;
  readonly webhooks?: readonly WebhookDeclaration[];
}

/**
 * The document.
 *
 * @param publicUrl where callers reach the API
 */
export function openApiDocument(
  operations: readonly AnyOperation[],
  { publicUrl, version, webhooks = [] }: DocumentOptions,
): Json & { readonly openapi: string } {
  const shared: Shared = {
    schemas: { Problem: problemSchema(), OAuthError: oauthErrorSchema },
    responses: {},
    operations,
  };
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = describeOperation(operation, shared);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Portico",
      version,
      summary: "Partners, subscriptions, users and coupons",
      description:
        "Business operations live under `/v1` and use JSON in camelCase. Every error is a problem (RFC 9457) with a `code` from a closed " +
        "catalogue; `/oauth` follows its RFCs. Times are RFC 3339 in UTC. Every response carries `x-request-id`.",
      contact: { name: "The operator of this Portico", url: `${publicUrl}/docs` },
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: publicUrl, description: "This deployment" }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name, description: tagDescriptions[name] })),
    paths,
    ...(webhooks.length > 0 && {
      webhooks: Object.fromEntries(webhooks.map((one) => [one.id, { post: describeWebhook(one, shared.schemas) }])),
    }),
    components: {
      schemas: shared.schemas,
      responses: shared.responses,
      parameters: sharedParameters,
      headers: sharedHeaders,
      examples: Object.fromEntries([
        ...problemCodes.map((code) => [code, { value: exampleProblem(code, publicUrl) }] as const),
        ...oauthErrorCodes.map((error) => [oauthExample(error), { value: exampleOAuthError(error) }] as const),
      ]),
      securitySchemes: securitySchemes(publicUrl),
    },
  };
}

function securitySchemes(publicUrl: string): Json {
  return {
    partner: {
      type: "oauth2",
      description: "A partner's access token, issued for client credentials",
      flows: { clientCredentials: { tokenUrl: `${publicUrl}/oauth/token`, scopes: scopeDescriptions } },
    },
    user: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
      description: "A user's access token, issued at sign-in. Each operation lists the roles that may call it.",
    },
    boundToken: {
      type: "http",
      scheme: "DPoP",
      description: "The same access token of a partner or a user, bound to a key (RFC 9449 §7.1)",
    },
    proof: {
      type: "apiKey",
      in: "header",
      name: "DPoP",
      description: "A proof of the token's key, made for this request alone (RFC 9449 §4)",
    },
    client: {
      type: "http",
      scheme: "basic",
      description: "Client authentication of a partner (RFC 6749 §2.3.1): client id and client secret",
    },
  };
}

const tagDescriptions: Readonly<Record<string, string>> = {
  OAuth: "Tokens of partners and of people's sessions, by OAuth 2.0, and how to verify them",
  "Sign-in": "Signing in and out, and the sessions of the calling user",
  Users: "The calling user's profile, and the administration of users",
  "Second factor": "Authenticator apps and recovery codes",
  Credit: "Credit of users and its movements",
  Coupons: "Coupons, and their redemption for credit",
  Partners: "Partners, their client secrets and their tokens",
  Subscriptions: "What partners sell to the users of their own sites",
  "Personal data": "Export of the data of a person",
  Companies: "Companies of partners",
  "Bank accounts": "Bank accounts of companies, and the directory of banks",
  Events: "What has happened to a partner's subscriptions and companies, and to the partner itself",
  Usage: "How much a partner has used the API",
  Sandbox: "A partner beside a live one for tests, and the clock that its subscriptions live by",
  Webhooks: "Endpoints to which events are sent, by the Standard Webhooks specification, and their deliveries",
  Audit: "What administrators and partners have changed",
  Threads: "Conversations of users",
  System: "Health, this document, and the pages that explain problems",
  Documentation: "This documentation, as pages for people",
  Console: "The console of administrators",
};

const scopeDescriptions = {
  "subscriptions:read": "Read the partner's own subscriptions",
  "subscriptions:write": "Create, extend and cancel the partner's own subscriptions",
  "companies:read": "Read the partner's own companies",
  "companies:write": "Create, change and delete the partner's own companies",
  "events:read": "Read the partner's own events",
  "webhooks:read": "Read the partner's own webhook endpoints and their deliveries",
  "webhooks:write": "Create, change, test and delete the partner's own webhook endpoints and replace their secrets",
  "partner:manage": "Replace the partner's own client secret, revoke its tokens and require bound ones",
} satisfies Record<Scope, string>;

/** Components that several operations refer to by name, collected on the way. */
interface Shared {
  readonly schemas: Json;
  readonly responses: Json;
  /** All operations, for the links between them. */
  readonly operations: readonly AnyOperation[];
}

function describeOperation(operation: AnyOperation, { schemas, responses, operations }: Shared): Json {
  const { tag, summary, description, access, request } = operation;
  return {
    operationId: operationIdOf(operation),
    tags: [tag],
    summary,
    description,
    security: access === "public" ? publicSecurityOf(operation) : securityOf(access),
    parameters: [
      ...parametersOf(request.path, "path", schemas),
      ...parametersOf(request.query, "query", schemas),
      ...(operation.idempotent ? [refer("parameters", "Idempotency-Key")] : []),
      ...(operation.conditional ? [refer("parameters", "If-Match")] : []),
      ...(operation.acceptsProof ? [refer("parameters", "DPoP")] : []),
      ...(operation.success.mediaTypes ? [refer("parameters", "If-None-Match")] : []),
      refer("parameters", "x-correlation-id"),
    ],
    ...(request.body !== undefined && { requestBody: requestBodyOf(operation, schemas) }),
    responses: {
      ...successOf(operation, schemas, linksOf(operation, operations)),
      ...failuresOf(operation, responses),
    },
  };
}

function describeWebhook(declaration: WebhookDeclaration, schemas: Json): Json {
  const { id, tag, summary, description, headers, body, example, answers } = declaration;
  return {
    operationId: `${id}Webhook`,
    tags: [tag],
    summary,
    description,
    // The signature stands for it.
    security: [],
    parameters: Object.entries(headers).map(([name, meaning]) => ({
      name,
      in: "header",
      description: meaning,
      required: true,
      schema: { type: "string" },
    })),
    requestBody: {
      required: true,
      content: { "application/json": { schema: jsonSchema(body, "output", schemas), example } },
    },
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, meaning]) => [status, { description: meaning }]),
    ),
  };
}

/** A public operation may take client authentication, which only some of its requests need. */
function publicSecurityOf({ acceptsClient }: AnyOperation): Json[] {
  return acceptsClient === true ? [{ client: [] }, {}] : [];
}

function securityOf(access: Exclude<AnyOperation["access"], "public">): Json[] {
  return [
    ...(access.partner ? [{ partner: access.partner.scope === undefined ? [] : [access.partner.scope] }] : []),
    ...(access.user ? [{ user: access.user.roles }] : []),
    { boundToken: [], proof: [] },
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
      "1 to 255 visible ASCII characters. A retry with the same key and the same request within 24 hours gets the first answer again.",
    schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[!-~]+$", examples: ["order-4711"] },
  },
  "If-Match": {
    name: "If-Match",
    in: "header",
    description: "The `etag` of the resource that was read. The change is refused if the resource has changed since.",
    schema: { type: "string", examples: ['"1"'] },
  },
  DPoP: {
    name: "DPoP",
    in: "header",
    description: "A proof of a key (RFC 9449 §4). The issued tokens are bound to it.",
    schema: { type: "string", maxLength: 4096 },
  },
  "If-None-Match": {
    name: "If-None-Match",
    in: "header",
    description: "The `etag` of the page or file that the caller has. The answer is 304 if it is still current.",
    schema: { type: "string", examples: ['W/"3f6c1a526a5c"'] },
  },
  "x-correlation-id": {
    name: "x-correlation-id",
    in: "header",
    description:
      "The caller's own id, echoed in the answer and logged. An id that is not 1 to 128 visible ASCII characters is ignored.",
    schema: { type: "string", examples: ["checkout-4711"] },
  },
};

/** Response headers. A required one is in every answer that lists it. */
const sharedHeaders = {
  "x-request-id": {
    description: "Identifies the request in the logs",
    required: true,
    schema: { type: "string", format: "uuid" },
  },
  "x-correlation-id": { description: "The caller's own id, if it sent a valid one", schema: { type: "string" } },
  "cache-control": {
    description: "`no-store`, except for content that is the same for all callers",
    required: true,
    schema: { type: "string" },
  },
  location: { description: "Path of the new resource", required: true, schema: { type: "string" } },
  etag: { description: "Entity tag of the resource, for `If-Match`", required: true, schema: { type: "string" } },
  "idempotency-replayed": {
    description: "`true` for a replayed answer; absent otherwise",
    schema: { type: "string", const: "true" },
  },
  "retry-after": {
    description: "Seconds to wait before a retry",
    required: true,
    schema: { type: "string", pattern: "^[0-9]+$" },
  },
  "www-authenticate": {
    description: "The challenge (RFC 6750 §3, RFC 9449 §7.1) for a missing or refused access token",
    schema: { type: "string" },
  },
  "x-amzn-remapped-www-authenticate": {
    description:
      "The challenge of `invalid_client` (RFC 6749 §5.2) or of a token that was revoked while the operation ran, as renamed by API Gateway",
    schema: { type: "string" },
  },
};

/** Not in every answer: JSON from the same path has no entity tag. */
const pageEtag = { description: "Entity tag of the page or file, for `If-None-Match`", schema: { type: "string" } };

function headersOf(...names: readonly (keyof typeof sharedHeaders)[]): Json {
  const common = ["x-request-id", "x-correlation-id", "cache-control"] as const;
  return Object.fromEntries([...common, ...names].map((name) => [name, refer("headers", name)]));
}

function requestBodyOf(operation: AnyOperation, schemas: Json): Json {
  const { method, request } = operation;
  const schema = jsonSchema(request.shownBody ?? (request.body as z.ZodType), "input", schemas);
  const name = `${typePrefixOf(operation)}Request`;
  // Generators drop bodies, or invent names for them, unless they are components.
  schemas[name] = { description: `Body of: ${operation.summary}`, ...schema };
  const content = {
    schema: refer("schemas", name),
    // An absent optional body means `{}`.
    example: request.bodyExample ?? {},
  };
  const types =
    request.bodyType === "form"
      ? ["application/x-www-form-urlencoded"]
      : ["application/json", ...(method === "PATCH" ? ["application/merge-patch+json"] : [])];
  return {
    required: request.bodyOptional !== true || request.shownBody !== undefined,
    content: Object.fromEntries(types.map((type) => [type, content])),
  };
}

function parametersOf(schema: z.ZodType | undefined, place: "path" | "query", schemas: Json): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, "input", schemas) as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    // Tools show the description of the parameter, not that of its schema.
    description,
    required: place === "path" || required.includes(name),
    schema: property,
  }));
}

function successOf({ success, idempotent }: AnyOperation, schemas: Json, links: Json | undefined): Json {
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
    [status]: { description, headers, ...(content && { content }), ...(links && { links }) },
    ...(mediaTypes && { 304: { description: "The caller has the current page or file", headers } }),
  };
}

function hasEtag(body: z.ZodType | undefined): boolean {
  return body instanceof z.ZodObject && "etag" in body.shape;
}

/** Refusals with one status share a response; its description lists their codes. */
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
      const name = errorResponseName(operation, {
        status,
        oauthErrors: errors,
        problems: codes,
        isReplayable: replayed,
      });
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

/** The problem codes of an operation. An OAuth operation answers with OAuth errors; the gateway in front of it does not. */
export function shownAsProblems(operation: AnyOperation): readonly ProblemCode[] {
  const codes = problemsOf(operation);
  if (operation.errorFormat !== "oauth") return codes;
  const fromGateway = new Set<ProblemCode>([...gatewayProblems, "body_too_large", "internal_error", "unavailable"]);
  return codes.filter((code) => fromGateway.has(code));
}

/** The errors of an OAuth operation by status: its own, and those that `toOAuthError` derives from shared checks. */
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

/** The challenge of the gateway, and that of a function, which API Gateway renames. */
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

/** A prefix separates the names of OAuth errors from problem codes among the examples. */
function oauthExample(error: OAuthErrorCode): string {
  return `oauth_${error}`;
}

function exampleOAuthError(error: OAuthErrorCode): Json {
  return { error, error_description: "Explanation for developers" };
}

function problemSchema(): Json {
  return {
    type: "object",
    description: "Why a request was refused (RFC 9457)",
    required: ["type", "title", "status", "detail", "instance", "code", "requestId"],
    properties: {
      type: { type: "string", format: "uri", description: "The page that explains the code" },
      title: { type: "string", description: "Title of the code" },
      status: { type: "integer", description: "The HTTP status" },
      detail: { type: "string", description: "Explanation of this occurrence, for developers" },
      instance: { type: "string", format: "uri", description: "URN of the request" },
      code: {
        type: "string",
        enum: problemCodes,
        description: "What went wrong, for programs. Treat an unknown code by its status",
      },
      requestId: { type: "string", description: "Identifies the request in the logs, as `x-request-id`" },
      errors: {
        type: "array",
        description: "The fields that are wrong, of `validation_failed`",
        items: {
          type: "object",
          required: ["pointer", "detail"],
          properties: {
            pointer: {
              type: "string",
              format: "json-pointer",
              description: "JSON Pointer (RFC 6901) of the field in the body, or `/` and the name of the parameter",
            },
            detail: { type: "string", description: "What is wrong with the field" },
          },
        },
      },
    },
  };
}

const oauthErrorSchema: Json = {
  type: "object",
  description: "Why an OAuth request was refused (RFC 6749 §5.2)",
  required: ["error"],
  properties: {
    error: { type: "string", enum: oauthErrorCodes, description: "What went wrong, for programs" },
    error_description: { type: "string", description: "Explanation for developers" },
  },
};

/** A schema as JSON Schema 2020-12. Schemas with an id become components and are referenced. */
function jsonSchema(schema: z.ZodType, io: "input" | "output", schemas: Json): Json {
  const {
    $schema: _dialect,
    $defs = {},
    ...converted
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ jsonSchema: node }) => {
      // The document lists `additionalProperties` only where it forbids them.
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
