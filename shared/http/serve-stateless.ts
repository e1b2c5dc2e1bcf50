/** Serves an operation that reads and keeps nothing. Without an AWS client its bundle is a third as large. */
import type { StatelessOperation } from "../contract/operation.ts";
import { answerOf, pipeline, requestOf, type Outcome, type ValidRequest } from "./pipeline.ts";

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
  return pipeline(operation, async (context) => answerOf(context, await operate(requestOf(context))));
}
