/** Decides whether an attempt may be checked. Parallel callers wait for a free slot; only failures use slots up. */
import type { AttemptLimit, Attempts } from "./model.ts";

/**
 * The maximum duration of a check. An attempt that is older and was never settled was interrupted by a crash or a fault. Its
 * slot is free again: the caller got no answer that helps in guessing.
 */
const maxCheckSeconds = 30;

export type AttemptDecision =
  | { readonly kind: "reserve"; readonly next: Attempts }
  /** Other attempts are being checked: a retry finds a free slot or a refusal. */
  | { readonly kind: "wait" }
  | { readonly kind: "refuse"; readonly retryAfterSeconds: number };

/** Whether another attempt may be checked now. @param id names the attempt until it is settled */
export function decideAttempt(
  attempts: Attempts | undefined,
  id: string,
  { maxFailures, windowSeconds }: AttemptLimit,
  now: Date,
): AttemptDecision {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  const { failures = [], pending = {} } = attempts ?? {};
  const running = Object.entries(pending).filter(([, at]) => at > nowSeconds - maxCheckSeconds);
  const recent = failures.filter((at) => at > nowSeconds - windowSeconds).sort((a, b) => a - b);

  const decisive = recent.at(-maxFailures);
  if (decisive !== undefined) return { kind: "refuse", retryAfterSeconds: decisive + windowSeconds - nowSeconds };
  if (recent.length + running.length >= maxFailures) return { kind: "wait" };
  return { kind: "reserve", next: { failures: recent, pending: { ...Object.fromEntries(running), [id]: nowSeconds } } };
}
