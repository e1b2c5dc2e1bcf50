/** The OpenAPI 3.1 document, made from the declarations. */
import * as z from "zod";
import type { AnyOperation } from "./operation.ts";
import { problemCatalogue, problemCodes, type ProblemCode } from "./problems.ts";

type Json = Record<string, unknown>;

/** Codes that an operation may give: its own, and those that every operation of its kind may. */
export function problemsOf(operation: AnyOperation): readonly ProblemCode[] {
  const { access, request, problems } = operation;
  const given = new Set<ProblemCode>([
    ...problems,
    "not_found",
    "rate_limited",
    "internal_error",
    "unavailable",
    "body_too_large",
  ]);
  if (access !== "public") {
    for (const code of ["token_missing", "token_invalid", "token_expired", "token_revoked", "forbidden"] as const)
      given.add(code);
    if (access.partner?.scope !== undefined) given.add("insufficient_scope");
  }
  // Whatever an operation takes, an unknown parameter of the query is refused.
  given.add("validation_failed");
  if (request.body !== undefined) given.add("body_malformed").add("media_type_unsupported");
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
  const schemas: Json = { Problem: problemSchema(), OAuthError: oauthErrorSchema };
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = describeOperation(operation, schemas);
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
      schemas,
      examples: Object.fromEntries(problemCodes.map((code) => [code, { value: exampleProblem(code) }])),
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
          description: "A person's access token, by signing in",
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

function describeOperation(operation: AnyOperation, schemas: Json): Json {
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
      ...(operation.idempotent ? [idempotencyKeyParameter] : []),
      ...(operation.conditional ? [ifMatchParameter] : []),
      ...(operation.success.mediaTypes ? [ifNoneMatchParameter] : []),
    ],
    ...(request.body !== undefined && {
      requestBody: {
        required: request.bodyOptional !== true,
        content: {
          [request.bodyType === "form" ? "application/x-www-form-urlencoded" : "application/json"]: {
            schema: jsonSchema(request.body, "input", schemas),
            ...(request.bodyExample !== undefined && { example: request.bodyExample }),
          },
        },
      },
    }),
    responses: { ...successOf(operation, schemas), ...failuresOf(operation) },
  };
}

function securityOf(access: Exclude<AnyOperation["access"], "public">): Json[] {
  return [
    ...(access.partner ? [{ partner: access.partner.scope === undefined ? [] : [access.partner.scope] }] : []),
    ...(access.user ? [{ user: access.user.roles }] : []),
  ];
}

const idempotencyKeyParameter = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "1 to 255 visible ASCII characters. The same key with the same request within 24 hours gets the first answer again.",
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[!-~]+$" },
};

const ifMatchParameter = {
  name: "If-Match",
  in: "header",
  description: "The `etag` of the resource as it was read: the change is refused if it has changed since.",
  schema: { type: "string" },
};

const ifNoneMatchParameter = {
  name: "If-None-Match",
  in: "header",
  description: "The `etag` of the page or file that the caller has: 304 if it is still the same.",
  schema: { type: "string" },
};

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
    "x-request-id": { description: "Names this request to us", schema: { type: "string", format: "uuid" } },
    ...(status === 201 && { location: { description: "Path of the new resource", schema: { type: "string" } } }),
    ...((hasEtag(body) || mediaTypes) && { etag: { description: "Entity tag", schema: { type: "string" } } }),
    ...(idempotent && {
      "idempotency-replayed": { description: "`true` when this is the first answer again", schema: { type: "string" } },
    }),
  };
  return {
    [status]: { description, headers, ...(content && { content }) },
    ...(mediaTypes && { 304: { description: "The page or file is as the caller has it" } }),
  };
}

function hasEtag(body: z.ZodType | undefined): boolean {
  return body instanceof z.ZodObject && "etag" in body.shape;
}

/** Problems of one status share an answer; its description names the codes. */
function failuresOf(operation: AnyOperation): Json {
  const oauth = operation.errorFormat === "oauth";
  const codesByStatus = Map.groupBy(problemsOf(operation), (code) => {
    const { status } = problemCatalogue[code];
    return oauth && status === 422 ? 400 : status;
  });
  return Object.fromEntries(
    [...codesByStatus].map(([status, codes]) => {
      const content = oauth
        ? { "application/json": { schema: { $ref: "#/components/schemas/OAuthError" } } }
        : {
            "application/problem+json": {
              schema: { $ref: "#/components/schemas/Problem" },
              examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
            },
          };
      return [status, { description: codes.map((code) => `\`${code}\``).join(", "), content }];
    }),
  );
}

function exampleProblem(code: ProblemCode): Json {
  const requestId = "1b2f6d3e-8c4a-4e0f-9d57-3a6b1c2d4e5f";
  const { status, title } = problemCatalogue[code];
  return {
    type: `https://api.example.com/problems/${code}`,
    title,
    status,
    detail: `${title}.`,
    instance: `urn:uuid:${requestId}`,
    code,
    requestId,
  };
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
  properties: { error: { type: "string" }, error_description: { type: "string" } },
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
