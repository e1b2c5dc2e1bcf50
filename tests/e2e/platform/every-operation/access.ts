/** Who may call an operation, what others learn, and what every answer has. */
import type { AnyOperation } from "../../../../shared/contract/operation.ts";
import { verdict, type Answer } from "../../../support/answer.ts";
import type { CallOptions } from "../../../support/portico.ts";
import type { BodyCalls } from "../../../support/bodies.ts";
import { expendableToken, pathOf, wrongCallers, type Callers } from "../../../support/requests.ts";

/** Calls an operation at a well-formed path. */
async function callOperation(
  { portico }: BodyCalls,
  operation: AnyOperation,
  options: CallOptions = {},
): Promise<Answer> {
  return await portico.call(operation.method, pathOf(operation), options);
}

/** A body that no operation can read, which a caller without the right must not learn. */
const malformed = { raw: '{"', headers: { "content-type": "application/json" } };
const bodyOf = (operation: AnyOperation) => (operation.method === "GET" ? {} : malformed);

/** Placeholders, because the tests are declared before the callers exist. */
const noCallers: Callers = {
  partner: { id: "", token: "" },
  root: "",
  leaver: async () => "",
  scoped: { "subscriptions:read": "", "companies:read": "" },
};

/** Registers the tests of one operation. */
export function testAccess(operation: AnyOperation, swept: BodyCalls): void {
  const { portico, callers } = swept;
  if (operation.access !== "public") {
    test("requires a token before it reads the body", async () => {
      const answer = await callOperation(swept, operation, bodyOf(operation));
      expect(verdict(answer)).toBe("401 token_missing");
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
    });

    test("rejects an invalid token", async () => {
      const answer = await callOperation(swept, operation, { token: "x.y.z", ...bodyOf(operation) });
      expect(verdict(answer)).toBe("401 token_invalid");
      expect(answer.headers.get("www-authenticate")).toMatch(/error="invalid_token"/);
    });
  }

  if (wrongCallers(operation, noCallers).length > 0) {
    test("rejects callers without the right before it reads the body", async () => {
      for (const { token, code } of wrongCallers(operation, callers())) {
        const answer = await callOperation(swept, operation, { token, ...bodyOf(operation) });
        expect(verdict(answer)).toBe(`403 ${code}`);
      }
    });
  }

  test("accepts a caller with the right, whose answer is not cacheable", async () => {
    const token = await expendableToken(operation, callers());
    const answer = await callOperation(swept, operation, {
      ...(token !== undefined && { token }),
      ...bodyOf(operation),
    });
    expect([401, 403, 500, 502, 503]).not.toContain(answer.status);
    if (operation.access !== "public") expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("echoes only a valid correlation id", async () => {
    const withId = async (correlationId: string) => {
      const token = await expendableToken(operation, callers());
      const headers = { "x-correlation-id": correlationId };
      return await callOperation(swept, operation, { ...(token !== undefined && { token }), headers });
    };
    expect((await withId("order-4711")).headers.get("x-correlation-id")).toBe("order-4711");
    expect((await withId("x".repeat(129))).headers.get("x-correlation-id")).toBeNull();
  });

  test("rejects an undeclared query parameter", async () => {
    const token = await expendableToken(operation, callers());
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
}
