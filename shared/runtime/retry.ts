/**
 * The one retry policy towards AWS: which errors, how often, how long. The SDK's own retries are off (`maxAttempts: 1`),
 * for its three attempts lose honest callers under load. Why so: `docs/decisions/0013-retry-policy.md`.
 */
import { setTimeout as delay } from "node:timers/promises";
import { unavailable } from "../domain/problems.ts";

/** The moment, in milliseconds of the epoch, at which the last attempt ends and after which none begins. */
export type Deadline = number;

/** Errors by which AWS says «not now»: contention, throttling, a fault of its own. */
const transientNames = new Set([
  "InternalFailure",
  "InternalServerError",
  "InternalServiceError",
  "KMSInternalException",
  "KMSThrottlingException",
  "LimitExceededException",
  "PriorRequestNotComplete",
  "ProvisionedThroughputExceededException",
  "ReplicatedWriteConflictException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "RequestTimeout",
  "RequestTimeoutException",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "SlowDown",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "TransactionConflictException",
  "TransactionInProgressException",
]);

/** What the SDK calls a call that got no answer in time: a limit of the connection, or the limit of one attempt below. */
const silenceNames = new Set(["AbortError", "TimeoutError"]);

/** Codes of Node.js for a connection that was not made or did not last, and for a name that was not resolved. */
const connectionCodes = new Set([
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "EPROTO",
  "ETIMEDOUT",
]);

/** Reasons of a cancelled transaction that say nothing about its conditions. */
const contentionReasons = new Set(["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]);

interface AwsError {
  readonly name: string;
  readonly code: string;
  readonly CancellationReasons: readonly { readonly Code?: string }[];
  readonly $metadata: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };
}

/**
 * Whether the same call may succeed a moment later. A cancelled transaction only when contention is **all** that cancelled
 * it: next to a failed condition, trying again would repeat a refusal.
 *
 * What is wrong with the call itself is not transient, and neither is what only a person can put right: a missing right,
 * wrong credentials, a disabled KMS key. These are alarmed as `internal_error`.
 */
export function isTransient(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { name = "", code = "", CancellationReasons, $metadata: metadata = {} } = error as Partial<AwsError>;
  if (name === "TransactionCanceledException") {
    return (CancellationReasons ?? []).every(({ Code: reason = "None" }) => contentionReasons.has(reason));
  }
  if (transientNames.has(name) || silenceNames.has(name)) return true;
  // The SDK has noticed that this machine's clock is wrong, and signs the next attempt by AWS's.
  if (metadata.clockSkewCorrected === true) return true;
  const { httpStatusCode: status } = metadata;
  if (status !== undefined) return status >= 500 || status === 429;
  // Without a status it never came from AWS.
  return typeof code === "string" && (connectionCodes.has(code) || code.startsWith("UND_ERR_"));
}

const firstPauseMs = 10;
const maxPauseMs = 400;

/**
 * How long one attempt may take. DynamoDB answers in milliseconds, so a silent connection is given up while there is still
 * time for others: a function of 10 s tries six times, not three.
 */
const maxAttemptMs = 1500;

/**
 * The pause before attempt `attempt` (1 is the first repetition), in milliseconds: exponential with full jitter, so that
 * callers that collided do not collide again.
 *
 * @param random a number in [0, 1)
 */
export function pauseMs(attempt: number, random: number = Math.random()): number {
  return 1 + random * Math.min(maxPauseMs, firstPauseMs * 2 ** (attempt - 1));
}

/**
 * Pauses before repetition `attempt`.
 *
 * @param cause why the attempt before was not the last
 * @throws Problem `unavailable` when there is no time left for another
 */
export async function pauseBefore(attempt: number, deadline: Deadline, cause: unknown): Promise<void> {
  const pause = pauseMs(attempt);
  if (Date.now() + pause >= deadline) throw unavailable(cause);
  await delay(pause);
}

/**
 * Runs `attempt` until it succeeds, fails for good or the time is up. Every attempt must be one that may follow another of
 * which nobody knows whether it was done: its answer may have been lost.
 *
 * @param shouldRetry which errors are worth another attempt
 * @param attempt stops when its signal says so: at the latest at the deadline
 * @throws Problem `unavailable` when the time is up; whatever `attempt` threw when it is not worth repeating
 */
export async function retrying<Result>(
  deadline: Deadline,
  shouldRetry: (error: unknown) => boolean,
  attempt: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  // A function that was frozen or busy past its deadline has been answered for: nothing may happen any more.
  if (Date.now() >= deadline) throw unavailable();
  for (let count = 1; ; count++) {
    const leftMs = Math.max(1, Math.ceil(deadline - Date.now()));
    try {
      return await attempt(AbortSignal.timeout(Math.min(leftMs, maxAttemptMs)));
    } catch (error) {
      if (!shouldRetry(error)) throw error;
      await pauseBefore(count, deadline, error);
    }
  }
}
