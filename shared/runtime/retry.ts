/**
 * The retry policy for AWS: which errors, how often, how long. The client has no retries of its own; the three
 * attempts of AWS's SDK lose honest callers under load. See `docs/decisions/0013-retry-policy.md`.
 */
import { setTimeout as delay } from "node:timers/promises";
import { unavailable } from "../domain/problems.ts";

/** When the last attempt ends, in milliseconds of the epoch. No attempt begins later. */
export type Deadline = number;

/** Errors of AWS that a retry may resolve: contention, throttling, a fault of the service. */
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

/** Names of the SDK's HTTP handler for a call that timed out: by the connection's limit, or by the limit of one attempt below. */
const silenceNames = new Set(["AbortError", "TimeoutError"]);

/** Codes of Node.js for a failed or broken connection, and for a failed DNS lookup. */
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

/** Reasons of a cancelled transaction that are not about its conditions. */
const contentionReasons = new Set(["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]);

interface AwsError {
  readonly name: string;
  readonly code: string;
  readonly CancellationReasons: readonly { readonly Code?: string }[];
  readonly $metadata: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };
}

/**
 * Whether a retry of the same call may succeed. A cancelled transaction qualifies only if contention is its **only** reason:
 * beside a failed condition, a retry would repeat a refusal.
 *
 * An error in the call itself is not transient, and neither is one that only a person can fix: a missing right, wrong
 * credentials, a disabled KMS key. These raise the alarm for `internal_error`.
 */
export function isTransient(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { name = "", code = "", CancellationReasons, $metadata: metadata = {} } = error as Partial<AwsError>;
  if (name === "TransactionCanceledException") {
    return (CancellationReasons ?? []).every(({ Code: reason = "None" }) => contentionReasons.has(reason));
  }
  if (transientNames.has(name) || silenceNames.has(name)) return true;
  // The client found a wrong local clock and signs the next attempt with the time of AWS.
  if (metadata.clockSkewCorrected === true) return true;
  const { httpStatusCode: status } = metadata;
  if (status !== undefined) return status >= 500 || status === 429;
  // An error without a status did not come from AWS.
  return typeof code === "string" && (connectionCodes.has(code) || code.startsWith("UND_ERR_"));
}

const firstPauseMs = 10;
const maxPauseMs = 400;

/**
 * The maximum duration of one attempt. DynamoDB answers in milliseconds, so a silent connection is abandoned early: a function
 * of 10 s tries six times, not three.
 */
const maxAttemptMs = 1500;

/**
 * The pause before retry `attempt` (from 1), in milliseconds: exponential backoff with full jitter, so that callers that
 * collided do not collide again.
 *
 * @param random a number in [0, 1)
 */
export function pauseMs(attempt: number, random: number = Math.random()): number {
  return 1 + random * Math.min(maxPauseMs, firstPauseMs * 2 ** (attempt - 1));
}

/**
 * Pauses before retry `attempt`.
 *
 * @param cause the error of the failed attempt
 * @throws Problem `unavailable` when no time is left for another attempt
 */
export async function pauseBefore(attempt: number, deadline: Deadline, cause: unknown): Promise<void> {
  const pause = pauseMs(attempt);
  if (Date.now() + pause >= deadline) throw unavailable(cause);
  await delay(pause);
}

/**
 * Runs `attempt` until it succeeds, fails permanently or the time is up. Each attempt must be safe to repeat, because the
 * answer of the previous one may have been lost.
 *
 * @param shouldRetry which errors are worth another attempt
 * @param attempt stops when its signal fires, at the latest at the deadline
 * @throws Problem `unavailable` when the time is up; otherwise the error of `attempt`
 */
export async function retrying<Result>(
  deadline: Deadline,
  shouldRetry: (error: unknown) => boolean,
  attempt: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  // The gateway has already answered for a function that was frozen or busy past its deadline, so it must change nothing.
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
