import { breakingChanges } from "../../../infra/checks/breaking-changes.ts";
import { contractDocument } from "../../../infra/contract/document.ts";

/** A contract of one operation, as JSON; each call gives a new one to be changed. */
function contract(): any {
  const schema = {
    type: "object",
    required: ["name"],
    additionalProperties: false,
    properties: {
      name: { type: "string", maxLength: 80, pattern: "^[a-z]+$" },
      size: { enum: ["small", "large"] },
      tags: { type: "array", items: { type: "string" } },
      until: { anyOf: [{ type: "string", format: "date" }, { type: "null" }] },
      count: { type: "integer", minimum: 1, default: 20 },
    },
  };
  const document = {
    paths: {
      "/v1/things/{id}": {
        put: {
          operationId: "thingsPut",
          security: [{ partner: ["things:write"] }, { user: ["admin", "root"] }],
          parameters: [
            { name: "id", in: "path", required: true, schema: { type: "string" } },
            { name: "limit", in: "query", required: false, schema: { type: "integer", maximum: 100 } },
          ],
          requestBody: { required: false, content: { "application/json": { schema } } },
          responses: {
            200: {
              headers: { etag: {} },
              content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } },
            },
            409: { $ref: "#/components/responses/Conflict" },
          },
        },
      },
    },
    components: {
      schemas: { Thing: { ...schema, additionalProperties: undefined } },
      responses: {
        Conflict: { content: { "application/problem+json": { examples: { thing_taken: {}, thing_busy: {} } } } },
      },
      securitySchemes: { partner: { type: "oauth2" }, user: { type: "http" } },
    },
  };
  // As it would be read: nothing in it is one and the same object.
  return JSON.parse(JSON.stringify(document));
}

type Change = (operation: any, parts: { body: any; answer: any; document: any }) => void;

function changesOf(change: Change): readonly string[] {
  const [before, after] = [contract(), contract()];
  const operation = after.paths["/v1/things/{id}"].put;
  const body = operation.requestBody.content["application/json"].schema;
  change(operation, { body, answer: after.components.schemas.Thing, document: after });
  return breakingChanges(before, after).map((line) => line.replace("PUT /v1/things/{id}: ", ""));
}

const breaks: [what: string, change: Change, lines: string[]][] = [
  ["a removed path", (_, { document }) => (document.paths = {}), ["is removed"]],
  ["another name", (one) => (one.operationId = "putThing"), ["is no longer named thingsPut"]],
  ["another scope", (one) => one.security[0].partner.push("more"), ["no longer lets partner (things:write) in"]],
  ["fewer roles", (one) => (one.security[1].user = ["root"]), ["no longer lets user (admin, root) in"]],
  ["an audience less", (one) => one.security.pop(), ["no longer lets user (admin, root) in"]],
  ["a parameter less", (one) => one.parameters.pop(), ["no longer takes the query parameter limit"]],
  [
    "a parameter that is now required",
    (one) => (one.parameters[1].required = true),
    ["now needs the query parameter limit"],
  ],
  [
    "a new parameter that is required",
    (one) => one.parameters.push({ name: "page", in: "query", required: true, schema: {} }),
    ["now needs the query parameter page"],
  ],
  [
    "a tighter limit",
    (one) => (one.parameters[1].schema.maximum = 50),
    ["the query parameter limit maximum is now 50"],
  ],
  ["a body that is now required", (one) => (one.requestBody.required = true), ["now needs a body"]],
  ["a body that is no longer taken", (one) => delete one.requestBody, ["no longer takes a body"]],
  ["another media type", (one) => (one.requestBody.content = { "text/csv": {} }), ["no longer takes application/json"]],
  [
    "a member that is now required",
    (_, { body }) => body.required.push("size"),
    ["the body's /size member is now required"],
  ],
  [
    "a member that is no longer taken",
    (_, { body }) => delete body.properties.tags,
    ["the body's /tags member is no longer taken"],
  ],
  [
    "a retyped member",
    (_, { body }) => (body.properties.name = { type: "integer" }),
    ["the body's /name type was string and is integer"],
  ],
  [
    "a retyped item",
    (_, { body }) => (body.properties.tags.items.type = "number"),
    ["the body's /tags/* type was string and is number"],
  ],
  [
    "a narrower length",
    (_, { body }) => (body.properties.name.maxLength = 40),
    ["the body's /name maxLength is now 40"],
  ],
  ["a new lower limit", (_, { body }) => (body.properties.name.minLength = 2), ["the body's /name minLength is now 2"]],
  [
    "another pattern",
    (_, { body }) => (body.properties.name.pattern = "^a$"),
    ['the body\'s /name pattern is now "^a$"'],
  ],
  [
    "an enum with fewer values",
    (_, { body }) => body.properties.size.enum.pop(),
    ["the body's /size value may no longer be large"],
  ],
  ["a new enum", (_, { body }) => (body.properties.name.enum = ["a"]), ["the body's /name value has to be one of a"]],
  [
    "null no longer taken",
    (_, { body }) => body.properties.until.anyOf.pop(),
    ["the body's /until value no longer takes null"],
  ],
  [
    "another default",
    (_, { body }) => (body.properties.count.default = 10),
    ["the body's /count default is no longer 20"],
  ],
  [
    "a keyword that it does not know",
    (_, { body }) => (body.dependentRequired = { size: ["tags"] }),
    ["the body's dependentRequired is another one"],
  ],
  ["a status less", (one) => delete one.responses[409], ["no longer answers 409"]],
  [
    "a problem code less",
    (_, { document }) =>
      delete document.components.responses.Conflict.content["application/problem+json"].examples.thing_busy,
    ["no longer answers 409 thing_busy"],
  ],
  ["a header less", (one) => delete one.responses[200].headers.etag, ["the answer 200 no longer has the header etag"]],
  [
    "an answer's member less",
    (_, { answer }) => delete answer.properties.size,
    ["the answer 200's /size member is removed"],
  ],
  [
    "an answer's member that may be missing",
    (_, { answer }) => (answer.required = []),
    ["the answer 200's /name member may now be missing"],
  ],
  [
    "an answer's retyped member",
    (_, { answer }) => (answer.properties.count.type = "number"),
    ["the answer 200's /count type was integer and is number"],
  ],
  [
    "an answer's member that may be null",
    (_, { answer }) => (answer.properties.tags = { anyOf: [answer.properties.tags, { type: "null" }] }),
    ["the answer 200's /tags value may now be null"],
  ],
  [
    "an answer's other format",
    (_, { answer }) => (answer.properties.until.anyOf[0].format = "date-time"),
    ["the answer 200's /until format is no longer date"],
  ],
];

test.each(breaks)("%s breaks callers", (_title, change, lines) => {
  expect(changesOf(change)).toEqual(lines);
});

const additions: [what: string, change: Change][] = [
  ["nothing", () => undefined],
  ["a new operation", (_, { document }) => (document.paths["/v1/more"] = { get: { responses: {} } })],
  ["another audience", (one) => one.security.push({ service: [] })],
  ["a further role", (one) => one.security[1].user.push("user")],
  ["a scope less", (one) => (one.security[0].partner = [])],
  ["no token needed any more", (one) => (one.security = [])],
  ["a new optional parameter", (one) => one.parameters.push({ name: "q", in: "query", schema: {} })],
  ["a new optional member", (_, { body }) => (body.properties.colour = { type: "string" })],
  ["a member that is no longer required", (_, { body }) => (body.required = [])],
  ["a wider limit", (_, { body }) => (body.properties.name.maxLength = 90)],
  ["a further value in a request", (_, { body }) => body.properties.size.enum.push("huge")],
  ["an integer that may be any number", (_, { body }) => (body.properties.count.type = "number")],
  ["a further value in an answer", (_, { answer }) => answer.properties.size.enum.push("huge")],
  ["a new member of an answer", (_, { answer }) => (answer.properties.colour = { type: "string" })],
  ["an answer's member that is always there now", (_, { answer }) => answer.required.push("size")],
  ["an answer that is null no longer", (_, { answer }) => answer.properties.until.anyOf.pop()],
  [
    "a new problem code",
    (_, { document }) =>
      (document.components.responses.Conflict.content["application/problem+json"].examples.thing_gone = {}),
  ],
  ["a new status", (one) => (one.responses[503] = {})],
  ["another wording", (one) => (one.summary = "Other words")],
];

test.each(additions)("%s does not break callers", (_title, change) => {
  expect(changesOf(change)).toEqual([]);
});

test("a public operation that asks for a token breaks callers", () => {
  const before = contract();
  before.paths["/v1/things/{id}"].put.security = [];
  expect(breakingChanges(before, contract())).toEqual(["PUT /v1/things/{id}: now needs a token"]);
});

test("a recursive schema is compared, too", () => {
  const [before, after] = [contract(), contract()];
  for (const { components } of [before, after]) {
    components.schemas.Thing.properties.parent = { $ref: "#/components/schemas/Thing" };
  }
  delete after.components.schemas.Thing.properties.size;
  expect(breakingChanges(before, after)).toContain("PUT /v1/things/{id}: the answer 200's /size member is removed");
});

test("the current contract does not break its own callers", () => {
  expect(breakingChanges(contractDocument(), contractDocument())).toEqual([]);
});

test("the removal of any operation of the current contract is a breaking change", () => {
  const { paths, ...rest } = contractDocument() as { paths: Record<string, object> };
  const expected = Object.values(paths).flatMap((methods) => Object.keys(methods));
  expect(breakingChanges({ ...rest, paths }, { ...rest, paths: {} })).toHaveLength(expected.length);
});
