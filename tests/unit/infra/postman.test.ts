import * as z from "zod";
import { contractDocument } from "../../../infra/contract/document.ts";
import { endings, inputs, opening, prepared, steps } from "../../../infra/contract/flow.ts";
import { postmanCollection } from "../../../infra/contract/postman.ts";
import { operation, type AnyOperation } from "../../../shared/contract/operation.ts";
import { id } from "../../../shared/contract/schemas.ts";
import { operations } from "../../../shared/operations.ts";

const document: any = contractDocument();
const collectionOf = (declared: readonly AnyOperation[]): any =>
  JSON.parse(JSON.stringify(postmanCollection(declared, document)));
const collection = collectionOf(operations);

/** The requests of a collection in the order in which they run, each as `METHOD /path/:parameter`. */
const requestsOf = ({ item: folders }: any): any[] =>
  folders.flatMap(({ name: folder, item }: any) => item.map((one: any) => ({ ...one, folder })));
const titleOf = ({ request }: any) => `${request.method} /${request.url.path.join("/")}`;
const titleOfDeclared = ({ method, path }: AnyOperation) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
const foldersOf = ({ item }: any) => item.map(({ name }: any) => name);

test("contains each operation once, except the files of pages and in addition to the token requests", () => {
  const titles = requestsOf(collection)
    .filter(({ folder }) => folder !== "Tokens")
    .map(titleOf);
  const requests = operations.filter(({ files }) => files === undefined);
  expect(titles.sort()).toEqual(requests.map(titleOfDeclared).sort());
});

test("starts with tokens, has one folder per area, and deletes last, nested objects first", () => {
  const folders = foldersOf(collection);
  expect(folders[0]).toBe("Tokens");
  expect(folders.at(-1)).toBe("Endings");
  expect(folders.slice(1, -1).sort()).toEqual([...new Set(operations.map(({ tag }) => tag))].sort());
  const deletions = requestsOf(collection).filter(({ request }) => request.method === "DELETE");
  expect(new Set(deletions.map(({ folder }) => folder))).toEqual(new Set(["Endings"]));
  const depths = deletions.map(({ request }) => request.url.path.length);
  expect(depths).toEqual(depths.toSorted((a, b) => b - a));
});

test("every request asserts the documented status", () => {
  const statuses = new Map(operations.map((one) => [titleOfDeclared(one), one.success.status]));
  for (const request of requestsOf(collection)) {
    const script = request.event.find(({ listen }: any) => listen === "test").script.exec.join("\n");
    expect(script).toContain(`pm.response.to.have.status(${statuses.get(titleOf(request))})`);
  }
});

test("a request uses only variables that were given or set by earlier requests", () => {
  const known = new Set([...Object.keys(inputs), ...prepared]);
  const declared = new Set(collection.variable.map(({ key }: any) => key));
  for (const { request, event } of requestsOf(collection)) {
    const used = [...JSON.stringify(request).matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name!);
    expect(used.filter((name) => !known.has(name) || !declared.has(name))).toEqual([]);
    const kept = [...JSON.stringify(event).matchAll(/collectionVariables\.set\(\\"(\w+)\\"/g)].map(([, name]) => name!);
    for (const name of kept) known.add(name);
  }
});

test("contains no secret: every variable is empty except the URLs and root's name", () => {
  const filled = collection.variable.filter(({ value }: any) => value !== "").map(({ key }: any) => key);
  expect(filled).toEqual(["baseUrl", "rootUsername", "webhookUrl"]);
});

test("shows the successful response and the specific errors of each request", () => {
  for (const request of requestsOf(collection)) {
    const { success, problems } = operations.find((one) => titleOfDeclared(one) === titleOf(request))!;
    const codes = request.response.slice(1).map(({ body }: any) => JSON.parse(body).code);
    expect([request.response[0].code, codes]).toEqual([success.status, problems]);
    if (success.example !== undefined) {
      expect(JSON.parse(request.response[0].body)).toEqual(JSON.parse(JSON.stringify(success.example)));
    }
  }
});

test("the flow only names existing operations", () => {
  const named = [...opening.map((step) => step.operation), ...Object.keys(steps), ...endings];
  expect(named.filter((name) => !operations.some((one) => one.id === name))).toEqual([]);
});

describe("a new area", () => {
  const thing = z.object({ id: z.string() });
  const part = (method: "GET" | "POST" | "DELETE", path: `/${string}`, tag: string, status: 200 | 201 | 204) =>
    operation({
      id: `things.${method.toLowerCase()}-${path.length}`,
      method,
      path,
      tag,
      summary: `${method} ${path}`,
      description: "For the test",
      access: { partner: {} },
      request: { path: z.strictObject({ thingId: id("sub_") }) },
      success: { status, description: "Done", ...(status !== 204 && { body: thing, example: { id: "sub_1" } }) },
      problems: [],
      table: [],
    });
  // The area of the parts is declared first, and what deletes before what creates.
  const added = [
    part("GET", "/v1/things/{thingId}/parts", "Parts", 200),
    part("DELETE", "/v1/things/{thingId}", "Things", 204),
    part("GET", "/v1/things/{thingId}", "Things", 200),
    part("POST", "/v1/things", "Things", 201),
  ];
  const extended = collectionOf([...added, ...operations]);

  test("is included automatically, in the order of creation, use and deletion", () => {
    const titles = requestsOf(extended)
      .map(titleOf)
      .filter((title) => title.includes("things"));
    expect(titles).toEqual([
      "POST /v1/things",
      "GET /v1/things/:thingId",
      "GET /v1/things/:thingId/parts",
      "DELETE /v1/things/:thingId",
    ]);
  });

  test("takes its ids from the responses that created them", () => {
    const [created, read] = requestsOf(extended).filter((request) => titleOf(request).includes("/v1/things"));
    expect(JSON.stringify(created.event)).toContain('pm.collectionVariables.set(\\"thingId\\", answer.id)');
    expect(read.request.url.variable).toEqual([{ key: "thingId", value: "{{thingId}}" }]);
  });
});
