/**
 * The one retry policy towards AWS: which errors, how often, how long. The SDK's own retries are off (`maxAttempts: 1`),
 * for its three attempts lose honest callers under load.
 */
import { setTimeout as delay } from "node:timers/promises";
import { unavailable } from "./api/problems.ts";

/** The moment, in milliseconds of the epoch, after which no further attempt is begun. */
export type Deadline = number;

/** Errors by which AWS says «not now»: contention, throttling, a fault of its own. */
const transientNames = new Set([
  "InternalFailure",
  "InternalServerError",
  "InternalServiceError",
  "LimitExceededException",
  "ProvisionedThroughputExceededException",
  "ReplicatedWriteConflictException",
  "RequestLimitExceeded",
  "RequestTimeout",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "ThrottlingException",
  "TimeoutError",
  "TransactionConflictException",
  "TransactionInProgressException",
]);

/** Reasons of a cancelled transaction that say nothing about its conditions. */
const contentionReasons = new Set(["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]);

interface AwsError {
  readonly name: string;
  readonly CancellationReasons?: readonly { readonly Code?: string }[];
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: unknown;
}

/**
 * Whether the same call may succeed a moment later. A cancelled transaction only when contention is **all** that cancelled
 * it: next to a failed condition, trying again would repeat a refusal.
 *
 * An error without an HTTP status never came from AWS: the connection was refused, reset or silent.
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { name, CancellationReasons: reasons, $metadata: metadata } = error as AwsError;
  if (name === "TransactionCanceledException") {
    return (reasons ?? []).every(({ Code: code = "None" }) => contentionReasons.has(code));
  }
  if (transientNames.has(name)) return true;
  const status = metadata?.httpStatusCode;
  return status === undefined ? isConnectionError(error) : status >= 500;
}

function isConnectionError(error: Error & { readonly code?: unknown }): boolean {
  return typeof error.code === "string" && /^(E[A-Z]+|UND_ERR_.*)$/.test(error.code) && !error.code.startsWith("ERR_");
}

const firstPauseMs = 10;
const longestPauseMs = 400;

/**
 * The pause before attempt `attempt` (1 is the first repetition), in milliseconds: exponential with full jitter, so that
 * callers that collided do not collide again.
 *
 * @param random a number in [0, 1)
 */
export function pauseMs(attempt: number, random: number = Math.random()): number {
  return 1 + random * Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1));
}

/**
 * Runs `attempt` until it succeeds, fails for good or the time is up.
 *
 * @param shouldRetry which errors are worth another attempt
 * @throws Problem `unavailable` when the time is up; whatever `attempt` threw when it is not worth repeating
 */
export async function retrying<Result>(
  deadline: Deadline,
  shouldRetry: (error: unknown) => boolean,
  attempt: () => Promise<Result>,
): Promise<Result> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (!shouldRetry(error)) throw error;
      const pause = pauseMs(count);
      if (Date.now() + pause >= deadline) throw unavailable(error);
      await delay(pause);
    }
  }
}
