/**
 * How an operation with a table, secrets or idempotency keys is served: around it the commit of its change together with the
 * idempotency record. One that declares none of them is served by `serve-stateless.ts`.
 */
import { pauseBefore } from "../runtime/retry.ts";
import { openSecrets, type Secrets } from "../runtime/secrets.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { createDocumentClient, openTable, type Change, type Table } from "../runtime/table.ts";
import type { Answer, Call } from "./request-context.ts";
import { answerOf, chain, requestOf, type Outcome, type ValidRequest } from "./pipeline.ts";
import { openCursor, sealCursor } from "./cursors.ts";
import { recording, Replay, replayIfRecorded, type RecordedAnswer } from "./idempotency.ts";
import { problemAnswer } from "./middleware/problems.ts";
import type { Operation, SuccessDeclaration } from "../contract/operation.ts";
import { Problem, recordedRefusals } from "../domain/problems.ts";

/** What an operation is given: the request, and what it may use. */
export interface ServedRequest<Path, Query, Body> extends ValidRequest<Path, Query, Body> {
  /**
   * What is done once in a call, however often the operation runs because of what others did: the first result, again. For
   * what costs the caller something, as a guess does. What throws is tried again by the next run.
   */
  readonly once: <Result>(make: () => Promise<Result>) => Promise<Result>;
  readonly table: Table;
  readonly secrets: Secrets;
  readonly paging: Paging;
}

/** Where a list goes on: the place that the cursor of the query names, and the cursor for another place. */
export interface Paging {
  readonly after: () => Promise<string | undefined>;
  readonly cursor: (place: string | undefined) => Promise<string | null>;
}

/** What an operation decided: the answer, and the change that comes true together with it. */
export interface ChangingOutcome<Body> extends Outcome<Body> {
  readonly change?: Change;
}

/**
 * The Lambda handler of an operation.
 *
 * `operate` reads and decides; its change is committed with the idempotency record in one transaction. When what it read
 * has changed meanwhile (`ConcurrencyConflict`), it runs again: it must have no effect but the change that it returns.
 *
 * @example
 * export const handler = serve(operations.read, async ({ path, table }) => ({ body: await readPartner(table, path.partnerId) }));
 */
export function serve<Path, Query, Body, AnswerBody>(
  operation: Operation<Path, Query, Body, AnswerBody>,
  operate: (request: ServedRequest<Path, Query, Body>) => Promise<ChangingOutcome<AnswerBody>>,
) {
  const client = createDocumentClient();

  return chain(operation, async (call, deadline) => {
    const table = openTable(client, call.environment.TABLE_NAME, deadline);
    const secrets = openSecrets(call.environment, deadline);
    // Assigned and not spread, which would ask a public operation for its principal.
    const request = Object.assign(requestOf<Path, Query, Body>(call), {
      table,
      secrets,
      paging: pagingOf(call, secrets),
      once: onlyOnce(),
    });
    for (let attempt = 1; ; attempt++) {
      try {
        if (call.claim !== undefined && operation.replaysFirst === true) await replayIfRecorded(table, call.claim);
        const outcome = await operate(request);
        const answer = answerOf(call, outcome);
        const record = call.claim && [recording(call.claim, recorded(operation.success, outcome, answer))];
        const change = [...(record ?? []), ...(outcome.change ?? [])];
        if (change.length > 0) await table.commit(change);
        return answer;
      } catch (error) {
        if (error instanceof Replay) return replay(call, error.answer);
        if (error instanceof ConcurrencyConflict) {
          await pauseBefore(attempt, deadline, error);
          continue;
        }
        return await refuse(call, table, error);
      }
    }
  });
}

function onlyOnce(): ServedRequest<0, 0, 0>["once"] {
  let made: { readonly result: unknown } | undefined;
  return async <Result>(make: () => Promise<Result>) => {
    made ??= { result: await make() };
    return made.result as Result;
  };
}

function pagingOf({ operation, principal, path, rawQuery }: Call, secrets: Secrets): ServedRequest<0, 0, 0>["paging"] {
  const { cursor, limit: _limit, ...filters } = rawQuery ?? {};
  const binding = { operationId: operation.id, principalId: principal?.id ?? "", path, filters };
  return {
    after: async () =>
      cursor === undefined ? undefined : openCursor(cursor, binding, await secrets.read("cursorKey")),
    cursor: async (place) => (place === undefined ? null : sealCursor(place, binding, await secrets.read("cursorKey"))),
  };
}

/** The answer as it is kept for repetitions: without the members that carry a secret or a token. */
function recorded(
  { secretMembers = [] }: SuccessDeclaration<unknown>,
  outcome: Outcome<unknown>,
  answer: Answer,
): RecordedAnswer {
  const { statusCode: status, headers, body } = answer;
  if (secretMembers.length === 0) return { status, headers, body };
  const open = Object.entries(outcome.body ?? {}).filter(([name]) => !secretMembers.includes(name));
  return { status, headers, body: JSON.stringify(Object.fromEntries(open)) };
}

function replay(call: Call, { status, headers, body }: RecordedAnswer): Answer {
  call.replayed = true;
  delete call.problem;
  return { statusCode: status, headers: { ...headers, "idempotency-replayed": "true" }, body };
}

/** What says something of this attempt alone. */
const unrecordedRefusals = new Set<string>(["idempotency_key_reused", "request_in_progress", "token_revoked"]);

/**
 * Ends a call in a refusal. One that the domain decided on is recorded under the idempotency key like any answer: a
 * repetition gets the first answer again, whatever has become of the state.
 */
async function refuse(call: Call, table: Table, error: unknown): Promise<Answer> {
  if (!(error instanceof Problem) || call.claim === undefined) throw error;
  if (unrecordedRefusals.has(error.code)) throw error;
  const { statusCode: status, headers, body } = problemAnswer(call, error);
  if (!recordedRefusals.has(status)) throw error;
  try {
    await table.commit([recording(call.claim, { status, headers, body })]);
  } catch (failure) {
    if (failure instanceof Replay) return replay(call, failure.answer);
    throw failure;
  }
  throw error;
}
