/**
 * How an operation is served: one chain of middleware for all of them, and around the operation itself the commit of its
 * change together with the idempotency record.
 */
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { pauseBefore } from "../retry.ts";
import { openSecrets, type Secrets } from "../secrets.ts";
import { Stale } from "../stale.ts";
import { createDocumentClient, openTable, type Change, type Table } from "../table/table.ts";
import type { Answer, Call, ServedEvent } from "./call.ts";
import { openCursor, sealCursor } from "./cursors.ts";
import { readEnvironment, type Environment } from "./environment.ts";
import { recording, Replay, replayIfRecorded, type RecordedAnswer } from "./idempotency.ts";
import { answerHeaders } from "./middleware/answer-headers.ts";
import { body } from "./middleware/body.ts";
import { observation } from "./middleware/observation.ts";
import { problemAnswer, problems } from "./middleware/problems.ts";
import { rights } from "./middleware/rights.ts";
import { validation } from "./middleware/validation.ts";
import type { Operation, SuccessDeclaration } from "./operation.ts";
import type { Principal } from "./principal.ts";
import { Problem, unavailable } from "./problems.ts";

/** What an operation is given: the validated request, who calls, the time, and what it may use. */
export interface ServedRequest<Path, Query, Body> {
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  /** The caller. @throws Error in a public operation, which has none */
  readonly principal: Principal;
  /** The same moment for everything in this call. */
  readonly now: Date;
  readonly requestId: string;
  /** `If-Match` as sent. */
  readonly ifMatch: string | undefined;
  readonly table: Table;
  readonly secrets: Secrets;
  readonly environment: Environment;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** Where a list goes on: the place that the cursor of the query names, and the cursor for another place. */
  readonly paging: {
    readonly after: () => Promise<string | undefined>;
    readonly cursor: (place: string | undefined) => Promise<string | null>;
  };
}

/** What an operation decided: the answer, and the change that comes true together with it. */
export interface Outcome<Body> {
  /** Left out where the declared success has no body. */
  readonly body?: Body;
  /** A page for people instead of the body. */
  readonly html?: string;
  /** Path of the resource that was created. */
  readonly location?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly change?: Change;
}

/** Time kept back at the end of an invocation for the answer, in milliseconds. */
const reserveMs = 750;

/**
 * The Lambda handler of an operation.
 *
 * `operate` reads and decides; its change is committed with the idempotency record in one transaction. When what it read
 * has changed meanwhile (`Stale`), it runs again: it must have no effect but the change that it returns.
 *
 * @example
 * export const handler = serve(operations.read, async ({ path, table }) => ({ body: await readPartner(table, path.partnerId) }));
 */
export function serve<Path, Query, Body, AnswerBody>(
  operation: Operation<Path, Query, Body, AnswerBody>,
  operate: (request: ServedRequest<Path, Query, Body>) => Promise<Outcome<AnswerBody>>,
) {
  const environment = readEnvironment(process.env, operation.secrets);
  const client = createDocumentClient();
  const basePath = new URL(environment.PUBLIC_URL).pathname.replace(/\/$/, "");

  const handle = async ({ call }: ServedEvent, context: Context): Promise<Answer> => {
    const deadline = Date.now() + context.getRemainingTimeInMillis() - reserveMs;
    const table = openTable(client, environment.TABLE_NAME, deadline);
    const request = requestOf(call, table, openSecrets(environment, deadline)) as ServedRequest<Path, Query, Body>;
    for (let attempt = 1; ; attempt++) {
      try {
        if (call.claim !== undefined && operation.replaysFirst === true) await replayIfRecorded(table, call.claim);
        const outcome = await operate(request);
        const answer = answerOf(operation.success, outcome, basePath);
        const record = call.claim && [recording(call.claim, recorded(operation.success, outcome, answer))];
        const change = [...(record ?? []), ...(outcome.change ?? [])];
        if (change.length > 0) await table.commit(change);
        return answer;
      } catch (error) {
        if (error instanceof Replay) return replay(call, error.answer);
        if (error instanceof Stale) {
          await pauseBefore(attempt, deadline, error);
          continue;
        }
        return await refuse(call, table, error);
      }
    }
  };

  return middy<ServedEvent, Answer>({
    timeoutEarlyInMillis: reserveMs / 2,
    timeoutEarlyResponse: () => {
      throw unavailable();
    },
  })
    .use([observation(operation, environment), answerHeaders(), problems(), rights(), body(), validation()])
    .handler(handle);
}

function requestOf(call: Call, table: Table, secrets: Secrets): ServedRequest<unknown, unknown, unknown> {
  const { cursor, limit: _limit, ...filters } = call.rawQuery ?? {};
  const { operation, principal, path } = call;
  const binding = { operationId: operation.id, principalId: principal?.id ?? "", path, filters };
  return {
    path: call.path,
    query: call.query,
    body: call.body,
    get principal() {
      if (call.principal === undefined) throw new Error("a public operation has no principal");
      return call.principal;
    },
    now: call.now,
    requestId: call.requestId,
    ifMatch: call.header("if-match"),
    table,
    secrets,
    environment: call.environment,
    header: (name) => call.header(name),
    paging: {
      after: async () =>
        cursor === undefined ? undefined : openCursor(cursor, binding, await secrets.read("cursorKey")),
      cursor: async (place) =>
        place === undefined ? null : sealCursor(place, binding, await secrets.read("cursorKey")),
    },
  };
}

/** Pages are text alone: nothing may be loaded, run, sent or framed. */
const pagePolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** @param basePath of the API's URL: without a domain of its own, API Gateway puts the stage's name before every path */
function answerOf(success: SuccessDeclaration<unknown>, outcome: Outcome<unknown>, basePath: string): Answer {
  const etag = (outcome.body as { etag?: string } | undefined)?.etag;
  const { html, location } = outcome;
  return {
    statusCode: success.status,
    headers: {
      ...(html !== undefined && { "content-type": "text/html; charset=utf-8", "content-security-policy": pagePolicy }),
      ...(outcome.body !== undefined && { "content-type": "application/json" }),
      ...(etag !== undefined && { etag }),
      ...(location !== undefined && { location: `${basePath}${location}` }),
      ...outcome.headers,
    },
    body: html ?? (outcome.body === undefined ? "" : JSON.stringify(outcome.body)),
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

/** What a decision of the domain was refused with, for a state that may be another one at the repetition. */
const recordedRefusals = new Set([401, 403, 404, 409, 412, 422]);

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
