import { oauthErrorsOf, openApiDocument, problemsOf } from "../../../shared/contract/openapi.ts";
import { problemCodes } from "../../../shared/domain/problems.ts";
import { operations } from "../../../shared/operations.ts";
import { openApiForm, schemaReader } from "../../support/openapi-form.ts";

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

const readSchema = schemaReader(document.components);

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

/** The target of a reference; any other value unchanged. */
const resolved = (node: any): any => (node?.$ref === undefined ? node : resolve(node.$ref));

/** Every example of a request or response, with its schema. */
const examplesIn = ({ content = {} }: any): [schema: unknown, example: unknown][] =>
  Object.values<any>(content).flatMap(({ schema, example, examples = {} }) => [
    ...(example === undefined ? [] : [[schema, example] as [unknown, unknown]]),
    ...Object.values(examples).map((one) => [schema, resolved(one).value] as [unknown, unknown]),
  ]);

describe("the document", () => {
  test("is valid OpenAPI 3.1 without unknown fields", () => {
    expect(openApiForm.safeParse(document).error?.issues ?? []).toEqual([]);
  });

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

  test("has a unique identifier for each operation", () => {
    const names = each.map(([, , described]) => described.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][A-Za-z0-9]*$/);
  });

  test("resolves every reference", () => {
    const references = [...objectsIn(document)].flatMap(({ $ref }) => (typeof $ref === "string" ? [$ref] : []));
    expect(references.length).toBeGreaterThan(operations.length);
    expect(references.filter((reference) => resolve(reference) === undefined)).toEqual([]);
  });

  test("uses every component and declares every tag", () => {
    const text = JSON.stringify(document);
    const { securitySchemes: _schemes, ...parts } = document.components;
    const names = Object.entries<object>(parts).flatMap(([kind, named]) =>
      Object.keys(named).map((name) => `#/components/${kind}/${name}`),
    );
    // The document contains the whole catalogue, including codes that no operation declares.
    const unused = names.filter((name) => !text.includes(`"${name}"`) && !name.startsWith("#/components/examples/"));
    expect(unused).toEqual([]);
    expect(document.tags.map(({ name }: { name: string }) => name)).toEqual([
      ...new Set(operations.map(({ tag }) => tag)),
    ]);
  });

  test("contains the whole problem catalogue", () => {
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(problemCodes);
  });

  test("contains no `$schema` or `$defs` of single schemas", () => {
    const strays = [...objectsIn(document)].filter((node) => "$schema" in node || "$defs" in node);
    expect(strays).toEqual([]);
  });
});

/** Every property of a schema, at any depth, with its place. References are not followed. */
function* propertiesIn(schema: any, place: string): Generator<[place: string, property: any]> {
  for (const [name, property] of Object.entries<any>(schema.properties ?? {})) {
    yield [`${place}/${name}`, property];
    yield* propertiesIn(property, `${place}/${name}`);
  }
  if (schema.items !== undefined) yield* propertiesIn(schema.items, `${place}/*`);
  for (const one of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) yield* propertiesIn(one, place);
}

describe("the explanations", () => {
  const bodies = each.flatMap(([title, , { requestBody = {}, responses }]) =>
    [resolved(requestBody), ...Object.values(responses).map(resolved)].flatMap(({ content = {} }) =>
      Object.values<any>(content).map(({ schema }) => [title, schema] as const),
    ),
  );
  const properties = [...Object.entries<any>(document.components.schemas), ...bodies].flatMap(([place, schema]) => [
    ...propertiesIn(schema, place),
  ]);
  const hasDescription = (node: any) =>
    /^[^a-z ].*[^.\s]$/su.test(node.description ?? resolved(node).description ?? "");

  test("describe every schema and every property, in short sentences without a last full stop", () => {
    expect(properties.length).toBeGreaterThan(200);
    const schemas = Object.entries<any>(document.components.schemas);
    const silent = [...schemas, ...properties].filter(([, schema]) => !hasDescription(schema)).map(([place]) => place);
    expect(silent).toEqual([]);
  });

  test("describe every parameter beside its schema", () => {
    const parameters = each.flatMap(([title, , described]) =>
      described.parameters.map((one: any) => [title, resolved(one)]),
    );
    expect(parameters.length).toBeGreaterThan(100);
    const silent = parameters.filter(([, one]) => (one.description ?? "") === "" || "description" in one.schema);
    expect(silent.map(([title, { name }]) => `${title} ${name}`)).toEqual([]);
  });
});

describe("the limits", () => {
  const bodyOf = (path: string, method: string) =>
    resolved(document.paths[path][method].requestBody.content["application/json"].schema);
  const isTaken = (schema: any, value: string) => new RegExp(schema.pattern, "u").test(value);

  test("of a line of text exclude blanks, control characters and invisible ones, as the server does", () => {
    const { name } = bodyOf("/v1/partners", "post").properties;
    for (const value of ["Blue Bicycle", "Zoë & Søns", "日本", "\u{1f468}\u200d\u{1f469}", " a "]) {
      expect([value, isTaken(name, value)]).toEqual([value, true]);
    }
    for (const value of ["", " ", "a\u0006b", "a\nb", "a\u200bb", "a\u202eb", "\u2028a", "a\ufeff"]) {
      expect([value, isTaken(name, value)]).toEqual([value, false]);
    }
  });

  test("have no lookaround, which JSON Schema advises against", () => {
    const patterns = [...objectsIn(document)].flatMap(({ pattern }) => (typeof pattern === "string" ? [pattern] : []));
    expect(patterns.length).toBeGreaterThan(0);
    expect(patterns.filter((pattern) => /\(\?<?[=!]/.test(pattern))).toEqual([]);
  });

  test("of a cursor exclude texts that the server cannot have issued", () => {
    const [{ schema }] = document.paths["/v1/partners"].get.parameters.filter(({ name }: any) => name === "cursor");
    expect(isTaken(schema, Buffer.alloc(29).toString("base64url"))).toBe(true);
    for (const value of ["", "\u0000", Buffer.alloc(28).toString("base64url"), `${"a".repeat(40)}=`]) {
      expect(isTaken(schema, value)).toBe(false);
    }
  });

  test("of a time are the years that the server reads", () => {
    const { properties, not } = bodyOf("/v1/subscriptions", "post");
    const { startsAt } = properties;
    expect(isTaken(startsAt, "1970-01-01T00:00:00Z") && isTaken(startsAt, "9999-12-31T23:59:59Z")).toBe(true);
    expect(isTaken(startsAt, "0427-01-01T00:00:00Z") || isTaken(startsAt, "1969-12-31T00:00:00Z")).toBe(false);
    expect(not).toEqual({ required: ["startsAt", "expiresAt"] });
  });
});

describe("the names", () => {
  test("of request bodies are those of their operations", () => {
    const bodies = each.filter(([, , { requestBody }]) => requestBody !== undefined);
    expect(bodies.length).toBeGreaterThan(20);
    for (const [, , { operationId, requestBody }] of bodies) {
      const name = `${operationId[0].toUpperCase()}${operationId.slice(1)}Request`;
      for (const { schema } of Object.values<any>(requestBody.content)) {
        expect(schema).toEqual({ $ref: `#/components/schemas/${name}` });
      }
    }
  });

  test("of error responses tell their status and stand for one response only", () => {
    const statusNames: Record<string, string> = {
      ...{ 400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict" },
      ...{ 412: "PreconditionFailed", 413: "ContentTooLarge", 415: "UnsupportedMediaType" },
      ...{ 422: "UnprocessableContent", 429: "TooManyRequests", 500: "InternalServerError", 503: "ServiceUnavailable" },
    };
    for (const [title, operation, { responses }] of each) {
      const alone: any = openApiDocument([operation], { publicUrl: "https://api.example.com", version: "1.2.3" });
      for (const [name, response] of Object.entries(alone.components.responses)) {
        expect([title, name, document.components.responses[name]]).toEqual([title, name, response]);
      }
      for (const [status, { $ref }] of Object.entries<any>(responses)) {
        if (Number(status) < 400) continue;
        expect([status, $ref]).toEqual([status, expect.stringContaining(statusNames[status]!)]);
        expect($ref).toMatch(/\/[A-Z][A-Za-z]{4,60}$/);
      }
    }
  });
});

describe("the links", () => {
  const links = each.flatMap(([title, operation, { responses }]) =>
    Object.entries<any>(responses[operation.success.status].links ?? {}).map(([name, link]) => ({ title, name, link })),
  );

  test("lead from a new resource to the operations on it", () => {
    const from = (title: string) => links.filter((link) => link.title === title).map(({ name }) => name);
    expect(from("POST /v1/companies")).toEqual(
      expect.arrayContaining(["companiesRead", "companiesChange", "companiesDelete", "companiesAddAccount"]),
    );
    expect(from("POST /v1/subscriptions")).toEqual(
      expect.arrayContaining(["subscriptionsRead", "subscriptionsExtend", "subscriptionsCancel"]),
    );
    expect(from("POST /v1/companies/{companyId}/bank-accounts")).toEqual([
      "companiesChangeAccount",
      "companiesRemoveAccount",
    ]);
  });

  test("give every path parameter of their operation, from the response's example", () => {
    expect(links.length).toBeGreaterThan(30);
    for (const { title, name, link } of links) {
      const [, target] = each.find(([, , { operationId }]) => operationId === name)!;
      const [, source] = each.find(([other]) => other === title)!;
      const needed = [...target.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => `path.${parameter}`);
      expect(Object.keys(link.parameters).sort()).toEqual(needed.sort());
      for (const from of Object.values<string>(link.parameters)) {
        if (from.startsWith("$request.path.")) expect(source.path).toContain(`{${from.slice(14)}}`);
        else {
          const parts = from.replace("$response.body#/", "").split("/");
          expect(parts.reduce((node: any, part) => node?.[part], source.success.example)).toEqual(expect.any(String));
        }
      }
    }
  });
});

describe.each(each)("%s", (_title, operation, described) => {
  const { access, request, success } = operation;
  const fieldsOf = (place: string): any[] => described.parameters.map(resolved).filter((one: any) => one.in === place);
  const answers = Object.entries<any>(described.responses).map(
    ([status, one]) => [Number(status), resolved(one)] as const,
  );
  const answerOf = (status: number) => resolved(described.responses[status]);

  test("has a summary and a description", () => {
    expect(described).toMatchObject({
      summary: operation.summary,
      description: operation.description,
      tags: [operation.tag],
    });
  });

  test("says who can call it", () => {
    const schemes = Object.assign({}, ...described.security);
    const expected =
      access === "public"
        ? operation.acceptsClient
          ? { client: [] }
          : {}
        : {
            partner: access.partner && [access.partner.scope].flatMap((scope) => scope ?? []),
            user: access.user?.roles,
            // Either of them may be bound to a key.
            boundToken: [],
            proof: [],
          };
    expect(schemes).toEqual(JSON.parse(JSON.stringify(expected)));
    for (const name of Object.keys(schemes)) expect(document.components.securitySchemes).toHaveProperty(name);
  });

  test("describes each parameter of its path, and requires it", () => {
    const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(fieldsOf("path").map(({ name }) => name)).toEqual(names);
    expect(fieldsOf("path").every(({ required }) => required)).toBe(true);
  });

  test("has a valid example for each path parameter", () => {
    for (const { schema } of fieldsOf("path")) {
      const values = schema.examples ?? schema.enum ?? [];
      expect(values).not.toEqual([]);
      for (const value of values) expect(readSchema(schema).parse(value)).toBe(value);
    }
  });

  test("lists its request headers", () => {
    const names = fieldsOf("header").map(({ name }) => name);
    expect(names).toEqual([
      ...(operation.idempotent ? ["Idempotency-Key"] : []),
      ...(operation.conditional ? ["If-Match"] : []),
      ...(operation.acceptsProof ? ["DPoP"] : []),
      ...(success.mediaTypes ? ["If-None-Match"] : []),
      "x-correlation-id",
    ]);
  });

  test("shows its body with an example", () => {
    if (request.body === undefined) {
      expect(described.requestBody).toBeUndefined();
      return;
    }
    const { required, content } = described.requestBody;
    expect(Object.keys(content)).toEqual(
      request.bodyType === "form"
        ? ["application/x-www-form-urlencoded"]
        : ["application/json", ...(operation.method === "PATCH" ? ["application/merge-patch+json"] : [])],
    );
    expect(required).toBe(request.bodyOptional !== true || request.shownBody !== undefined);
    for (const { example } of Object.values<any>(content)) expect(example).toEqual(request.bodyExample ?? {});
  });

  test("has only valid examples", () => {
    const shown = [described.requestBody ?? {}, ...answers.map(([, answer]) => answer)].flatMap(examplesIn);
    expect(shown.length).toBeGreaterThan(0);
    for (const [schema, example] of shown) {
      expect(readSchema(schema).safeParse(example).error?.issues ?? []).toEqual([]);
    }
  });

  test("lists its response headers", () => {
    for (const [status, { headers }] of answers) {
      const names = Object.keys(headers);
      expect(names).toEqual(expect.arrayContaining(["x-request-id", "x-correlation-id", "cache-control"]));
      expect([status, names.includes("retry-after")]).toEqual([status, status === 429 || status === 503]);
      expect([status, names.some((name) => name.endsWith("www-authenticate"))]).toEqual([status, status === 401]);
    }
    const replayed = answers.filter(([, { headers }]) => "idempotency-replayed" in headers).map(([status]) => status);
    if (operation.idempotent) expect(replayed).toEqual(expect.arrayContaining([success.status, 404, 409, 422]));
    else expect(replayed).toEqual([]);
  });

  test("shows its success response with an example", () => {
    const answer = answerOf(success.status);
    expect(answer.description).toBe(success.description);
    expect(answer.headers).toHaveProperty("x-request-id");
    expect("location" in answer.headers).toBe(success.status === 201);
    const types = [...(success.body ? ["application/json"] : []), ...(success.mediaTypes ?? [])];
    expect(Object.keys(answer.content ?? {})).toEqual(types);
    const { etag } = (success.example ?? {}) as { etag?: string };
    expect("etag" in answer.headers).toBe(etag !== undefined || success.mediaTypes !== undefined);
    if (success.body !== undefined)
      expect(answer.content["application/json"].example).toEqual(JSON.parse(JSON.stringify(success.example)));
    for (const type of success.mediaTypes ?? []) expect(answer.content[type].schema).toEqual({ type: "string" });
    expect("304" in described.responses).toBe(success.mediaTypes !== undefined);
  });

  test("lists each of its problems under its status with an example", () => {
    const named = answers.flatMap(([status, { description, content = {} }]) =>
      Object.keys(content["application/problem+json"]?.examples ?? {}).map((code) => {
        expect(description).toContain(`\`${code}\``);
        const { $ref } = content["application/problem+json"].examples[code];
        expect(resolve($ref)).toMatchObject({ value: { code, status } });
        return code;
      }),
    );
    if (operation.errorFormat !== "oauth") expect(named.sort()).toEqual([...problemsOf(operation)].sort());
    expect(problemsOf(operation)).toEqual(expect.arrayContaining(named));
  });

  test("lists each of its OAuth errors under its status", () => {
    const named = answers.flatMap(([status, { content = {} }]) =>
      Object.values<any>(content["application/json"]?.examples ?? {}).map((one) => [status, resolved(one).value.error]),
    );
    const expected = [...oauthErrorsOf(operation)].flatMap(([status, errors]) =>
      errors.map((error) => [status, error]),
    );
    expect(named.sort()).toEqual(expected.sort());
    expect(expected.length > 0).toBe(operation.errorFormat === "oauth");
  });
});
