import { openApiDocument, problemsOf } from "../../shared/api/openapi.ts";
import { problemCatalogue, problemCodes } from "../../shared/api/problems.ts";
import { operations } from "../../shared/operations.ts";

const document: any = JSON.parse(
  JSON.stringify(openApiDocument(operations, { publicUrl: "https://api.example.com", version: "1.2.3" })),
);
const each = operations.map(
  (operation) =>
    [
      `${operation.method} ${operation.path}`,
      operation,
      document.paths[operation.path][operation.method.toLowerCase()],
    ] as const,
);

/** Every object within a value. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const member of Object.values(value)) yield* objectsIn(member);
}

const resolve = (reference: string): unknown =>
  reference
    .replace(/^#\//, "")
    .split("/")
    .reduce((node: any, part) => node?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], document);

describe("the document", () => {
  test("is OpenAPI 3.1 with a title, a licence and the address of the API", () => {
    expect(document).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\.\d$/),
      info: { title: "Portico", version: "1.2.3", license: { identifier: "Apache-2.0" } },
      servers: [{ url: "https://api.example.com" }],
    });
  });

  test("has exactly the declared operations", () => {
    const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(each.map(([title]) => title).sort());
  });

  test("has a name of its own for each operation, fit for a program", () => {
    const names = each.map(([, , described]) => described.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][A-Za-z0-9]*$/);
  });

  test("has something behind every reference", () => {
    const references = [...objectsIn(document)].flatMap(({ $ref }) => (typeof $ref === "string" ? [$ref] : []));
    expect(references.length).toBeGreaterThan(operations.length);
    expect(references.filter((reference) => resolve(reference) === undefined)).toEqual([]);
  });

  test("uses every schema that it names, and lists every tag that it uses", () => {
    const text = JSON.stringify(document);
    const unused = Object.keys(document.components.schemas).filter(
      (name) => !text.includes(`"#/components/schemas/${name}"`),
    );
    expect(unused).toEqual([]);
    expect(document.tags.map(({ name }: { name: string }) => name)).toEqual([
      ...new Set(operations.map(({ tag }) => tag)),
    ]);
  });

  test("has the whole catalogue of problems", () => {
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(problemCodes);
  });

  test("has no trace of the dialect and definitions that schemas bring along", () => {
    const strays = [...objectsIn(document)].filter((node) => "$schema" in node || "$defs" in node);
    expect(strays).toEqual([]);
  });
});

describe.each(each)("%s", (_title, operation, described) => {
  const { access, request, success } = operation;
  const fieldsOf = (place: string): any[] => described.parameters.filter((one: any) => one.in === place);

  test("says what it is for", () => {
    expect(described).toMatchObject({
      summary: operation.summary,
      description: operation.description,
      tags: [operation.tag],
    });
  });

  test("says who may call", () => {
    const schemes = Object.assign({}, ...described.security);
    const expected =
      access === "public"
        ? {}
        : {
            partner: access.partner && [access.partner.scope].flatMap((scope) => scope ?? []),
            user: access.user?.roles,
          };
    expect(schemes).toEqual(JSON.parse(JSON.stringify(expected)));
    for (const name of Object.keys(schemes)) expect(document.components.securitySchemes).toHaveProperty(name);
  });

  test("describes each parameter of its path, and requires it", () => {
    const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(fieldsOf("path").map(({ name }) => name)).toEqual(names);
    expect(fieldsOf("path").every(({ required }) => required)).toBe(true);
  });

  test("names the headers that it honours", () => {
    const names = fieldsOf("header").map(({ name }) => name);
    expect(names).toEqual([
      ...(operation.idempotent ? ["Idempotency-Key"] : []),
      ...(operation.conditional ? ["If-Match"] : []),
      ...(success.mediaTypes ? ["If-None-Match"] : []),
    ]);
  });

  test("shows a body with an example, where it takes one", () => {
    if (request.body === undefined) {
      expect(described.requestBody).toBeUndefined();
      return;
    }
    const [[type, content]] = Object.entries<any>(described.requestBody.content) as [[string, any]];
    expect(type).toBe(request.bodyType === "form" ? "application/x-www-form-urlencoded" : "application/json");
    expect(described.requestBody.required).toBe(request.bodyOptional !== true);
    expect(content.example).toEqual(request.bodyExample);
    expect(content.schema).toBeDefined();
  });

  test("shows the answer of success with an example", () => {
    const answer = described.responses[success.status];
    expect(answer.description).toBe(success.description);
    expect(answer.headers).toHaveProperty("x-request-id");
    expect("location" in answer.headers).toBe(success.status === 201);
    const types = [...(success.body ? ["application/json"] : []), ...(success.mediaTypes ?? [])];
    expect(Object.keys(answer.content ?? {})).toEqual(types);
    if (success.body !== undefined)
      expect(answer.content["application/json"].example).toEqual(JSON.parse(JSON.stringify(success.example)));
    for (const type of success.mediaTypes ?? []) expect(answer.content[type].schema).toEqual({ type: "string" });
    expect("304" in described.responses).toBe(success.mediaTypes !== undefined);
  });

  test("names every problem that it may give, under its status", () => {
    for (const code of problemsOf(operation)) {
      const { status } = problemCatalogue[code];
      const answer = described.responses[operation.errorFormat === "oauth" && status === 422 ? 400 : status];
      expect(answer.description).toContain(`\`${code}\``);
      if (operation.errorFormat === "oauth")
        expect(answer.content["application/json"].schema.$ref).toMatch(/OAuthError$/);
      else {
        const { $ref } = answer.content["application/problem+json"].examples[code];
        expect(resolve($ref)).toMatchObject({ value: { code, status } });
      }
    }
  });
});
