/** How an operation is served that keeps and reads nothing: without a client of AWS's, its bundle is a third as large. */
import { answerOf, chain, requestOf, type Outcome, type ValidRequest } from "./pipeline.ts";
import type { StatelessOperation } from "../contract/operation.ts";

/**
 * The Lambda handler of an operation that declares no table rights, no secrets and no idempotency.
 *
 * @example
 * export const handler = serveStateless(operations.problem, async ({ path }) => ({ body: problemPage(path.code) }));
 */
export function serveStateless<Path, Query, Body, AnswerBody>(
  operation: StatelessOperation<Path, Query, Body, AnswerBody>,
  operate: (request: ValidRequest<Path, Query, Body>) => Promise<Outcome<AnswerBody>>,
) {
  return chain(operation, async (call) => answerOf(call, await operate(requestOf(call))));
}
