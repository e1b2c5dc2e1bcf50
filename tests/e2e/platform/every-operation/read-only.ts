/** An operation while the write stop is on: those that write are refused, and everything else goes on. */
import { problemsOf } from "../../../../shared/contract/openapi.ts";
import { stopsWhenReadOnly, type AnyOperation } from "../../../../shared/contract/operation.ts";
import type { BodyCalls } from "../../../support/bodies.ts";
import { expectProblem } from "../../../support/expect-problem.ts";
import { expendableToken, pathOf } from "../../../support/requests.ts";

/** Registers the test of one operation. */
export function testReadOnly(operation: AnyOperation, { portico, callers }: BodyCalls): void {
  const stops = stopsWhenReadOnly(operation);

  test(stops ? "answers 503 read_only and changes nothing" : "goes on while the stage is read-only", async () => {
    const token = await expendableToken(operation, callers());
    portico.host.setReadOnly(true);
    try {
      const answer = await portico.call(operation.method, pathOf(operation), {
        ...(token !== undefined && { token }),
        ...(stops && { json: operation.request.bodyExample ?? {} }),
      });
      expect(problemsOf(operation).includes("read_only")).toBe(stops);
      if (stops) {
        expectProblem(answer, 503, "read_only");
        expect(answer.headers.get("retry-after")).toBe("60");
      } else expect(answer.status).not.toBe(503);
    } finally {
      portico.host.setReadOnly(false);
    }
  });
}
