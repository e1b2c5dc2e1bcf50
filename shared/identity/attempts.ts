/** Decides whether an attempt may be checked. Parallel callers wait for a free slot; only failures use slots up. */
import type { Attempt, AttemptBudget, AttemptLimit, Attempts, ReservedAttempt } from "./model.ts";

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

/** Whether another attempt may be checked now. The longest of several refusals counts. */
export function decideAttempt(
  attempts: Attempts | undefined,
  { id, source }: Pick<ReservedAttempt, "id" | "source">,
  { perName, perSource }: AttemptBudget,
  now: Date,
): AttemptDecision {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  const { failures = [], pending = {} } = attempts ?? {};
  const running = Object.entries(pending).filter(([, { at }]) => at > nowSeconds - maxCheckSeconds);
  const recent = failures.filter(({ at }) => at > nowSeconds - perName.windowSeconds).sort((a, b) => a.at - b.at);
  const known = { failures: recent, pending: Object.fromEntries(running) };

  const verdicts = [judge(known, perName, nowSeconds)];
  if (perSource !== undefined) verdicts.push(judge(attemptsOf(known, source), perSource, nowSeconds));
  const waits = verdicts.filter((verdict) => typeof verdict === "number");
  if (waits.length > 0) return { kind: "refuse", retryAfterSeconds: Math.max(...waits) };
  if (verdicts.includes("wait")) return { kind: "wait" };
  const attempt: Attempt = { at: nowSeconds, ...(source !== undefined && { source }) };
  return { kind: "reserve", next: { ...known, pending: { ...known.pending, [id]: attempt } } };
}

function attemptsOf({ failures, pending }: Attempts, source: string | undefined): Attempts {
  const isOwn = (attempt: Attempt) => attempt.source === source;
  return {
    failures: failures.filter(isOwn),
    pending: Object.fromEntries(Object.entries(pending).filter(([, attempt]) => isOwn(attempt))),
  };
}

/** The seconds until a limit allows another attempt. @param attempts in the order of their times */
function judge(
  { failures, pending }: Attempts,
  { maxFailures, windowSeconds }: AttemptLimit,
  nowSeconds: number,
): number | "free" | "wait" {
  const recent = failures.filter(({ at }) => at > nowSeconds - windowSeconds);
  const decisive = recent.at(-maxFailures);
  if (decisive !== undefined) return decisive.at + windowSeconds - nowSeconds;
  return recent.length + Object.keys(pending).length >= maxFailures ? "wait" : "free";
}
