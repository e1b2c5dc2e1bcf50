/** Expectations on problems (RFC 9457). */
import type { ProblemCode } from "../../shared/domain/problems.ts";
import type { Answer } from "./answer.ts";

/**
 * Expects a refusal with this status and code, and everything that a problem carries.
 *
 * @param pointers of the invalid fields, in any order
 */
export function expectProblem(answer: Answer, status: number, code: ProblemCode, pointers?: readonly string[]): void {
  expect({ status: answer.status, code: answer.body?.code, text: answer.text }).toMatchObject({ status, code });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const requestId = answer.body.requestId as string;
  expect(answer.body).toMatchObject({
    type: expect.stringMatching(new RegExp(`/problems/${code}$`)),
    title: expect.any(String),
    status,
    detail: expect.any(String),
    instance: `urn:uuid:${requestId}`,
  });
  if (answer.headers.get("idempotency-replayed") === null) expect(answer.headers.get("x-request-id")).toBe(requestId);
  if (pointers === undefined) return;
  const named = answer.body.errors.map(({ pointer }: { readonly pointer: string }) => pointer);
  expect([...new Set(named)].sort()).toEqual([...pointers].sort());
}

/** Expects the refusal of an access token: 401, the code, and the challenge of RFC 6750 §3. */
export function expectTokenRefused(answer: Answer, code: "token_invalid" | "token_expired" | "token_revoked"): void {
  expectProblem(answer, 401, code);
  expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer (.*, )?error="invalid_token"/);
}
