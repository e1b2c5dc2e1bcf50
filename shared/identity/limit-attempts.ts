/**
 * Limits guessing under parallel calls: each attempt reserves a slot before it is checked and releases it on success.
 * Both steps commit by themselves, because the limit has to hold whatever becomes of the operation.
 */
import { randomUUID } from "node:crypto";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { Problem } from "../domain/problems.ts";
import { hashed } from "../runtime/key.ts";
import type { Table } from "../runtime/table.ts";
import { decideAttempt } from "./attempts.ts";
import type { AttemptBudget, ReservedAttempt } from "./model.ts";
import { attemptReservation, attemptSettlement, AttemptSettled, failureIncrement, findAttempts } from "./store.ts";

export interface AttemptRequest {
  /** What is guessed, such as `sign-in`. */
  readonly kind: string;
  /** Whose attempts are counted. */
  readonly name: string;
  /** Where the attempt comes from; counted by itself if the budget has a part per source. */
  readonly source?: string;
  readonly budget: AttemptBudget;
  readonly now: Date;
}

/**
 * Reserves a slot for an attempt.
 *
 * @throws Problem `too_many_attempts`
 * @throws ConcurrencyConflict when other attempts of the name are being checked or reserve at the same moment
 */
async function reserveAttempt(
  table: Table,
  { kind, name, source, budget, now }: AttemptRequest,
): Promise<ReservedAttempt> {
  const stored = await findAttempts(table, kind, name);
  const attempt = {
    kind,
    name,
    id: randomUUID(),
    // The name in the hash keeps it from telling that one source tried several names.
    source: source === undefined ? undefined : hashed(JSON.stringify([kind, name, source])),
  };
  const decision = decideAttempt(stored, attempt, budget, now);
  if (decision.kind === "wait") throw new ConcurrencyConflict();
  if (decision.kind === "refuse") {
    throw tooManyAttempts(decision.retryAfterSeconds);
  }
  await table.commit([attemptReservation(attempt, stored, { ...decision.next, ttl: forgottenAt(budget, now) })]);
  return attempt;
}

/** When DynamoDB may delete the attempts, in seconds of the epoch. */
function forgottenAt({ perName }: AttemptBudget, now: Date): number {
  return Math.ceil(now.getTime() / 1000) + 2 * perName.windowSeconds;
}

/** Settles an attempt: a failure counts until its window has passed, a success releases the slot. Repeatable. */
async function settleAttempt(
  table: Table,
  attempt: ReservedAttempt,
  outcome: { readonly failed: boolean; readonly now: Date },
): Promise<void> {
  try {
    await table.update(attemptSettlement(attempt, outcome));
  } catch (error) {
    if (!(error instanceof AttemptSettled)) throw error;
  }
}

/** A guess in two steps, so that reading does not wait for the reservation. */
export interface Guess<Given, Result> {
  /** Reads what the check needs, beside the reservation. Its result decides nothing if there is no slot. */
  readonly read: () => Promise<Given>;
  /** Undefined is a failure. */
  readonly check: (given: Given) => Promise<Result | undefined> | Result | undefined;
}

/**
 * Checks a guess within the limit.
 *
 * @throws Problem `too_many_attempts`, after the reading has ended as well
 * @throws ConcurrencyConflict when other attempts of the name are being checked or reserve at the same moment
 */
export async function limitAttempts<Given, Result>(
  table: Table,
  request: AttemptRequest,
  { read, check }: Guess<Given, Result>,
): Promise<Result | undefined> {
  const [reserved, given] = await Promise.allSettled([reserveAttempt(table, request), read()]);
  if (reserved.status === "rejected") throw reserved.reason;
  if (given.status === "rejected") throw given.reason;
  const attempt = reserved.value;
  const result = await check(given.value);
  await settleAttempt(table, attempt, { failed: result === undefined, now: request.now });
  return result;
}

/**
 * Counts a failure after the check, for guesses whose success must pass at any time: nobody can lock out the owner of a secret
 * by failing in its name. It is one update without a condition, so parallel failures do not collide.
 *
 * @throws Problem `too_many_attempts` for every failure over the limit, until the window ends
 */
export async function countFailure(table: Table, { kind, name, budget, now }: AttemptRequest): Promise<void> {
  const limit = budget.perName;
  const nowSeconds = Math.floor(now.getTime() / 1000);
  const window = Math.floor(nowSeconds / limit.windowSeconds);
  const { failed } = await table.update(failureIncrement(kind, name, window, forgottenAt(budget, now)));
  if (failed > limit.maxFailures) throw tooManyAttempts((window + 1) * limit.windowSeconds - nowSeconds);
}

function tooManyAttempts(retryAfterSeconds: number): Problem {
  return new Problem("too_many_attempts", "Too many failed attempts. Wait, then try again.", { retryAfterSeconds });
}
