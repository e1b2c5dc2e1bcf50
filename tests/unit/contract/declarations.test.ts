/** What holds for every declared operation without a host. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { problemsOf } from "../../../shared/contract/openapi.ts";
import { entryPointOf } from "../../../shared/contract/operation.ts";
import { operations } from "../../../shared/operations.ts";

const each = operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

test("every operation has a function, and every function an operation", () => {
  const functions = join(import.meta.dirname, "../../../functions");
  const entryPoints = readdirSync(functions, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath !== functions)
    .map(({ parentPath, name }) => join(parentPath, name).slice(functions.length + 1));
  expect(entryPoints.sort()).toEqual(operations.map((operation) => `${entryPointOf(operation)}.ts`).sort());
});

test("ids, and methods with paths, are unique", () => {
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  const shapes = operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`);
  expect(new Set(shapes).size).toBe(operations.length);
});

test.each(each)("%s is described, and its examples match its schemas", (_title, operation) => {
  const { summary, description, tag, request, success, method, access } = operation;
  expect([summary, description, tag].filter((text) => text.trim() === "")).toEqual([]);
  if (success.status === 204) expect(success.body).toBeUndefined();
  if (success.body !== undefined) expect(success.body.parse(success.example)).toEqual(success.example);
  if (request.bodyExample !== undefined)
    expect(request.body?.safeParse(request.bodyExample)).toMatchObject({ success: true });
  if (method === "GET") expect([request.body, operation.idempotent]).toEqual([undefined, undefined]);
  if (operation.cacheControl !== undefined) expect(access).toBe("public");
  if (success.mediaTypes !== undefined) expect([method, operation.cacheControl]).toEqual(["GET", expect.any(String)]);
});

test.each(each.filter(([, { path, method }]) => /^\/v1\/(?!auth\/)/.test(path) && ["POST", "PUT"].includes(method)))(
  "%s honours Idempotency-Key",
  (_title, operation) => {
    expect(operation.idempotent).toBe(true);
    expect(problemsOf(operation)).toEqual(expect.arrayContaining(["idempotency_key_reused", "request_in_progress"]));
  },
);

test.each(each.filter(([, { request }]) => request.body !== undefined && request.bodyType !== "form"))(
  "%s rejects unknown fields",
  (_title, { request }) => {
    const sent = { ...(request.bodyExample as object | undefined), surprise: 1 };
    const issues = request.body?.safeParse(sent).error?.issues ?? [];
    expect(issues).toEqual([expect.objectContaining({ code: "unrecognized_keys", keys: ["surprise"] })]);
  },
);
