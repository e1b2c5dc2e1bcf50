import { readdirSync } from "node:fs";
import { join } from "node:path";
import { problemsOf } from "../../../shared/contract/openapi.ts";
import { entryPointOf, type AnyOperation } from "../../../shared/contract/operation.ts";
import { operations } from "../../../shared/operations.ts";
import { expectConforming } from "../../support/conformance.ts";
import { verdict, type Answer } from "../../support/answer.ts";
import { Portico, type CallOptions } from "../../support/portico.ts";
import { expendableToken, makeCallers, pathOf, wrongCallers, type Callers } from "../../support/requests.ts";

const portico = Portico.alone();
let callers: Callers;
beforeAll(async () => {
  callers = await makeCallers(portico);
});

const each = operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

/** Calls an operation at a well-formed path and compares the response with the declaration. */
async function callOperation(operation: AnyOperation, options: CallOptions = {}): Promise<Answer> {
  const path = pathOf(operation);
  const answer = await portico.call(operation.method, path, options);
  expectConforming(operation, answer, portico.url);
  return answer;
}

/** A body that no operation can read, which a caller without the right must not learn. */
const malformed = { raw: '{"', headers: { "content-type": "application/json" } };
const bodyOf = (operation: AnyOperation) => (operation.method === "GET" ? {} : malformed);

describe("declarations", () => {
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
});

/** Placeholders, because the tests are declared before the callers exist. */
const noCallers: Callers = {
  partner: { id: "", token: "" },
  root: "",
  leaver: async () => "",
  scoped: { "subscriptions:read": "", "companies:read": "" },
};

// One group per operation, so that each test finds the processes of its function still running.
describe.each(each)("%s", (_title, operation) => {
  if (operation.access !== "public") {
    test("requires a token before it reads the body", async () => {
      const answer = await callOperation(operation, bodyOf(operation));
      expect(verdict(answer)).toBe("401 token_missing");
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
    });

    test("rejects an invalid token", async () => {
      const answer = await callOperation(operation, { token: "x.y.z", ...bodyOf(operation) });
      expect(verdict(answer)).toBe("401 token_invalid");
      expect(answer.headers.get("www-authenticate")).toMatch(/error="invalid_token"/);
    });

    test("is not cacheable", async () => {
      const { headers } = await callOperation(operation, { token: (await expendableToken(operation, callers)) ?? "" });
      expect(headers.get("cache-control")).toBe("no-store");
    });
  }

  if (wrongCallers(operation, noCallers).length > 0) {
    test("rejects callers without the right before it reads the body", async () => {
      for (const { token, code } of wrongCallers(operation, callers)) {
        const answer = await callOperation(operation, { token, ...bodyOf(operation) });
        expect(verdict(answer)).toBe(`403 ${code}`);
      }
    });
  }

  test("accepts a caller with the right", async () => {
    const token = await expendableToken(operation, callers);
    const answer = await callOperation(operation, { ...(token !== undefined && { token }), ...bodyOf(operation) });
    expect([401, 403, 500, 502, 503]).not.toContain(answer.status);
  });

  test("echoes only a valid correlation id", async () => {
    const withId = async (correlationId: string) => {
      const token = await expendableToken(operation, callers);
      const headers = { "x-correlation-id": correlationId };
      return await callOperation(operation, { ...(token !== undefined && { token }), headers });
    };
    expect((await withId("order-4711")).headers.get("x-correlation-id")).toBe("order-4711");
    expect((await withId("x".repeat(129))).headers.get("x-correlation-id")).toBeNull();
  });

  test("rejects an undeclared query parameter", async () => {
    const token = await expendableToken(operation, callers);
    const { request } = operation;
    const answer = await portico.call(operation.method, `${pathOf(operation)}?surprise=1`, {
      ...(token !== undefined && { token }),
      ...(request.body !== undefined && request.bodyType !== "form" && { json: request.bodyExample ?? {} }),
    });
    if (operation.errorFormat === "oauth") {
      expect(answer).toMatchObject({ status: 400, body: { error: "invalid_request" } });
    } else {
      expect(verdict(answer)).toBe("422 validation_failed");
      expect(answer.body.errors).toEqual([{ pointer: "/surprise", detail: expect.any(String) }]);
    }
  });
});
