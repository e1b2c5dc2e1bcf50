/**
 * Serves an operation that uses the table, secrets or idempotency keys: reads and decides, then commits the change together
 * with the idempotency record. `serve-stateless.ts` serves operations that need none of them.
 */
import { auditWrite, type AuditEntry } from "../contract/audit-record.ts";
import { whileCallerUnchanged } from "../contract/caller-state.ts";
import type { OAuthError } from "../contract/oauth-error.ts";
import { fingerprintSecret, needsKeyedFingerprint, type Operation } from "../contract/operation.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { Problem, recordedRefusals } from "../domain/problems.ts";
import { logSecurityEvent, type SecurityEvent } from "../runtime/log.ts";
import { pauseBefore, type Deadline } from "../runtime/retry.ts";
import { Secrets } from "../runtime/secrets.ts";
import { createTableClient, Table, type Change, type Write } from "../runtime/table.ts";
import { openCursor, sealCursor } from "./cursors.ts";
import { recording, Replay, replayIfRecorded, withKeyedFingerprint, type RecordedAnswer } from "./idempotency.ts";
import { problemAnswer, refusalAnswer } from "./middleware/problems.ts";
import { answerOf, pipeline, requestOf, type Outcome, type ValidRequest } from "./pipeline.ts";
import type { Answer, RequestContext } from "./request-context.ts";

/** The request, and what its operation may use. */
export interface ServedRequest<Path, Query, Body> extends ValidRequest<Path, Query, Body> {
  readonly table: Table;
  readonly secrets: Secrets;
  readonly paging: Paging;
  /** The audit record of this request, for use cases that commit by themselves. */
  readonly auditing: (entry: AuditEntry) => Write;
}

/** The request as it is decided on: again after every optimistic-concurrency conflict. */
export interface DecidedRequest<Path, Query, Body, Prepared> extends ServedRequest<Path, Query, Body> {
  /** Counts the attempts from 1; a later one follows a conflict. */
  readonly attempt: number;
  /** The result of the preparation. */
  readonly prepared: Prepared;
}

/** The place where a list continues, and the cursor for another place. */
export interface Paging {
  /** The sort key that the query's cursor names; undefined on the first page. @throws Problem `cursor_invalid` */
  readonly after: () => Promise<string | undefined>;
  readonly cursor: (place: string | undefined) => Promise<string | null>;
}

/** The decision of an operation: the answer, and what is committed together with it. */
export interface ChangingOutcome<Body> extends Outcome<Body> {
  readonly change?: Change;
  /** What an audited operation changes; "committed" where the use case has committed the record with its effect. */
  readonly audit?: AuditEntry | "committed";
  /** Logged once, after the commit. */
  readonly securityEvents?: readonly OperationSecurityEvent[];
  /** The caller gets this refusal as its answer, although the change is committed. */
  readonly refusal?: Problem | OAuthError;
}

/** A security event of an operation; the log line adds request and operation. */
export interface OperationSecurityEvent {
  readonly event: SecurityEvent;
  /** The principal that it concerns. */
  readonly principalId?: string;
  /** The network that it comes from, as logs show it. */
  readonly network?: string;
}

type Decide<Path, Query, Body, AnswerBody, Prepared> = (
  request: DecidedRequest<Path, Query, Body, Prepared>,
) => Promise<ChangingOutcome<AnswerBody>>;

/** An operation whose decision follows a step that must not be repeated with it. */
export interface PreparedOperation<Path, Query, Body, AnswerBody, Prepared> {
  /** Runs until it succeeds once, for steps that cost the caller something, such as a guess of a password. */
  readonly prepare: (request: ServedRequest<Path, Query, Body>) => Promise<Prepared>;
  readonly decide: Decide<Path, Query, Body, AnswerBody, Prepared>;
}

/**
 * The Lambda handler of an operation.
 *
 * The operation reads and decides; `serve` commits its change with the idempotency record in one transaction and logs its
 * security events. On an optimistic-concurrency conflict the operation decides again, so it has no effect besides its
 * outcome, except steps of use cases that may be repeated.
 *
 * @example
 * export const handler = serve(operations.read, async ({ path, table }) => ({
 *   body: viewCompany(await readCompany(table, path.partnerId, path.companyId)),
 * }));
 */
export function serve<Path, Query, Body, AnswerBody, Prepared = undefined>(
  operation: Operation<Path, Query, Body, AnswerBody>,
  work: Decide<Path, Query, Body, AnswerBody, undefined> | PreparedOperation<Path, Query, Body, AnswerBody, Prepared>,
) {
  const client = createTableClient();
  const prepare = typeof work === "function" ? undefined : work.prepare;
  const decide = (typeof work === "function" ? work : work.decide) as Decide<Path, Query, Body, AnswerBody, unknown>;

  return pipeline(operation, async (context, deadline) => {
    const table = new Table(client, context.environment.TABLE_NAME, deadline);
    const secrets = new Secrets(context.environment, deadline);
    // Object.assign keeps the getter of `principal`, which a spread would call in public operations as well.
    const request = Object.assign(requestOf<Path, Query, Body>(context), {
      table,
      secrets,
      paging: pagingOf(context, secrets),
      auditing: (entry: AuditEntry) => auditWrite(context, entry),
    });
    if (context.claim !== undefined && needsKeyedFingerprint(operation)) {
      context.claim = withKeyedFingerprint(context.claim, await secrets.read(fingerprintSecret));
    }
    try {
      if (operation.replaysFirst === true) await replayFirst(context, table);
      const prepared = await retryingConflicts(deadline, async () => await prepare?.(request));
      return await retryingConflicts(deadline, async (attempt) => {
        if (attempt > 1 && operation.replaysFirst === true) await replayFirst(context, table);
        return await conclude(context, table, await decide(Object.assign(request, { attempt, prepared })));
      });
    } catch (error) {
      if (error instanceof Replay) return replay(context, error.answer);
      return await refuse(context, table, error);
    }
  });
}

/** Repeats a step after each optimistic-concurrency conflict. @throws Problem `unavailable` when the time is up */
async function retryingConflicts<Result>(
  deadline: Deadline,
  step: (attempt: number) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step(attempt);
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict)) throw error;
      await pauseBefore(attempt, deadline, error);
    }
  }
}

async function replayFirst({ claim }: RequestContext, table: Table): Promise<void> {
  if (claim !== undefined) await replayIfRecorded(table, claim);
}

/** Commits the outcome, logs its security events and answers. */
async function conclude<AnswerBody>(
  context: RequestContext,
  table: Table,
  outcome: ChangingOutcome<AnswerBody>,
): Promise<Answer> {
  const { operation, requestId, claim } = context;
  const { refusal, securityEvents = [] } = outcome;
  const change = changeOf(context, audited(context, outcome));
  const answer = refusal === undefined ? answerOf(context, outcome) : refusalAnswer(context, refusal);
  const secretMembers = refusal === undefined ? operation.success.secretMembers : undefined;
  const record = claim === undefined ? [] : [recording(claim, recorded(answer, outcome.body, secretMembers))];
  if (record.length + change.length > 0) await table.commit([...record, ...change]);
  for (const { event, ...fields } of securityEvents) {
    logSecurityEvent(event, { operation: operation.id, requestId, ...fields });
  }
  return answer;
}

/** The change with its audit record. @throws Error for an audited operation that does not say what it audits: a bug */
function audited(context: RequestContext, { change = [], audit }: ChangingOutcome<unknown>): Change {
  if (context.operation.audited !== true || change.length === 0 || audit === "committed") return change;
  if (audit === undefined) throw new Error(`${context.operation.id} does not say what it audits`);
  return [...change, auditWrite(context, audit)];
}

/** The change, for a sensitive operation on the condition that the caller still may make it. */
function changeOf({ operation, principal }: RequestContext, change: Change): Change {
  return operation.sensitive === true && principal !== undefined ? whileCallerUnchanged(principal, change) : change;
}

function pagingOf({ operation, principal, path, rawQuery }: RequestContext, secrets: Secrets): Paging {
  const { cursor, limit: _limit, ...filters } = rawQuery ?? {};
  const binding = { operationId: operation.id, principalId: principal?.id ?? "", path, filters };
  return {
    after: async () =>
      cursor === undefined ? undefined : openCursor(cursor, binding, await secrets.read("cursorKey")),
    cursor: async (place) => (place === undefined ? null : sealCursor(place, binding, await secrets.read("cursorKey"))),
  };
}

/** The answer as the idempotency record keeps it: without the members that carry a secret or a token. */
function recorded(
  { statusCode: status, headers, body: text }: Answer,
  body: unknown,
  secretMembers: readonly string[] = [],
): RecordedAnswer {
  if (secretMembers.length === 0) return { status, headers, body: text };
  const open = Object.entries(body ?? {}).filter(([name]) => !secretMembers.includes(name));
  return { status, headers, body: JSON.stringify(Object.fromEntries(open)) };
}

function replay(context: RequestContext, { status, headers, body }: RecordedAnswer): Answer {
  context.replayed = true;
  delete context.problem;
  return { statusCode: status, headers: { ...headers, "idempotency-replayed": "true" }, body };
}

/** Refusals of this attempt alone: a retry may succeed. */
const unrecordedRefusals = new Set<string>(["idempotency_key_reused", "request_in_progress", "token_revoked"]);

/**
 * Ends a request with a refusal. A refusal of the domain is recorded under the idempotency key like any answer, so that a
 * retry gets the first answer again even if the state has changed.
 */
async function refuse(context: RequestContext, table: Table, error: unknown): Promise<Answer> {
  if (!(error instanceof Problem) || context.claim === undefined) throw error;
  if (unrecordedRefusals.has(error.code)) throw error;
  const { statusCode: status, headers, body } = problemAnswer(context, error);
  if (!recordedRefusals.has(status)) throw error;
  try {
    await table.commit([recording(context.claim, { status, headers, body })]);
  } catch (failure) {
    if (failure instanceof Replay) return replay(context, failure.answer);
    throw failure;
  }
  throw error;
}
