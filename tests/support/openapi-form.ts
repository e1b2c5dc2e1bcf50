/**
 * The form of an OpenAPI 3.1 document (OpenAPI Specification 3.1.1 §4.8), of the parts that Portico uses: each object may have
 * the fields that the specification gives it and no others.
 */
import * as z from "zod";

const reference = z.strictObject({ $ref: z.string().regex(/^#\/components\/[a-z][A-Za-z]+\/[A-Za-z0-9._-]+$/) });
const orReference = <Form extends z.ZodType>(form: Form) => z.union([reference, form]);
const named = <Form extends z.ZodType>(form: Form) => z.record(z.string().regex(/^[A-Za-z0-9._-]+$/), form);

/** A schema is JSON Schema 2020-12; `readSchema` verifies that it can be parsed. */
const schema = z.record(z.string(), z.unknown());
const example = orReference(
  z.strictObject({ summary: z.string().optional(), description: z.string().optional(), value: z.unknown() }),
);
const mediaType = z
  .strictObject({ schema, example: z.unknown().optional(), examples: named(example).optional() })
  .refine(({ example, examples }) => example === undefined || examples === undefined);
const content = z.record(z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/), mediaType);
const header = orReference(z.strictObject({ description: z.string(), required: z.boolean().optional(), schema }));
const parameter = orReference(
  z
    .strictObject({
      name: z.string().min(1),
      in: z.enum(["query", "header", "path"]),
      description: z.string().optional(),
      required: z.boolean().optional(),
      schema,
    })
    .refine((given) => given.in !== "path" || given.required === true),
);
const link = z.strictObject({
  operationId: z.string(),
  description: z.string(),
  parameters: z.record(
    z.string().regex(/^path\.\w+$/),
    z.string().regex(/^\$(request\.path\.\w+|response\.body#\/.+)$/),
  ),
});
const response = orReference(
  z.strictObject({
    description: z.string().min(1),
    headers: z.record(z.string(), header).optional(),
    content: content.optional(),
    links: named(link).optional(),
  }),
);
const operation = z.strictObject({
  operationId: z.string(),
  tags: z.array(z.string()).min(1),
  summary: z.string().min(1),
  description: z.string().min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(parameter),
  requestBody: z.strictObject({ required: z.boolean(), content }).optional(),
  responses: z.record(z.string().regex(/^[1-5]\d\d$/), response),
});
const methods = z.enum(["get", "put", "post", "delete", "options", "head", "patch", "trace"]);

const securityScheme = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("oauth2"),
    description: z.string(),
    flows: z.strictObject({
      clientCredentials: z.strictObject({ tokenUrl: z.url(), scopes: z.record(z.string(), z.string()) }),
    }),
  }),
  z.strictObject({
    type: z.literal("http"),
    scheme: z.enum(["basic", "bearer", "DPoP"]),
    bearerFormat: z.string().optional(),
    description: z.string(),
  }),
  z.strictObject({
    type: z.literal("apiKey"),
    in: z.literal("header"),
    name: z.string(),
    description: z.string(),
  }),
]);

export const openApiForm = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    summary: z.string(),
    description: z.string(),
    contact: z.strictObject({ name: z.string(), url: z.url() }),
    license: z.strictObject({ name: z.string(), identifier: z.string() }),
  }),
  servers: z.array(z.strictObject({ url: z.url(), description: z.string() })).min(1),
  tags: z.array(z.strictObject({ name: z.string(), description: z.string() })),
  paths: z.record(z.string().regex(/^\/(?!.*\/$)/), z.partialRecord(methods, operation)),
  components: z.strictObject({
    schemas: named(schema),
    responses: named(response),
    parameters: named(parameter),
    examples: named(example),
    headers: named(header),
    securitySchemes: named(securityScheme),
  }),
});

/**
 * Reads the schemas of a document, to validate values. Many schemas are the same, so each one is read once.
 *
 * @returns a function that throws an Error for what is no JSON Schema
 */
export function schemaReader(components: { readonly schemas: object }): (schemaOfDocument: unknown) => z.ZodType {
  // Zod cannot read `not`, which the contract has only beside rules that the server enforces.
  const known = (_name: string, value: unknown) =>
    typeof value === "object" && value !== null && "not" in value ? { ...value, not: undefined } : value;
  const local = (value: unknown) =>
    JSON.parse(JSON.stringify(value, known).replaceAll('"#/components/schemas/', '"#/$defs/')) as Record<string, never>;
  const $defs = local(components.schemas);
  const read = new Map<string, z.ZodType>();
  return (schemaOfDocument) => {
    const text = JSON.stringify(schemaOfDocument);
    const form = read.get(text) ?? z.fromJSONSchema({ ...local(schemaOfDocument), $defs });
    read.set(text, form);
    return form;
  };
}
