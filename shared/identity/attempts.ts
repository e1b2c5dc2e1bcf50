/**
 * Limits on guessing that parallel guesses cannot outrun: an attempt takes its place **before** it is checked and gives it
 * back when it was right. Honest callers in a crowd wait for a place; only failures use them up.
 */
export interface AttemptLimit {
  readonly most: number;
  readonly windowSeconds: number;
}

/** Ten failures in fifteen minutes. */
export const signInLimit: AttemptLimit = { most: 10, windowSeconds: 15 * 60 };

/** What is kept of a name's attempts in the present window. */
export interface Attempts {
  /** Attempts that failed or are being checked. */
  readonly taken: number;
  readonly failures: number;
  /** Seconds of the epoch. */
  readonly windowEnds: number;
}

export type AttemptDecision =
  | { readonly kind: "take"; readonly next: Attempts }
  /** Others are being checked; there will be a place or a refusal in a moment. */
  | { readonly kind: "wait" }
  | { readonly kind: "refuse"; readonly retryAfterSeconds: number };

/** Whether another attempt may be checked now. */
export function takeAttempt(attempts: Attempts | undefined, limit: AttemptLimit, now: Date): AttemptDecision {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  if (attempts === undefined || attempts.windowEnds <= nowSeconds) {
    return { kind: "take", next: { taken: 1, failures: 0, windowEnds: nowSeconds + limit.windowSeconds } };
  }
  if (attempts.failures >= limit.most) {
    return { kind: "refuse", retryAfterSeconds: attempts.windowEnds - nowSeconds };
  }
  if (attempts.taken >= limit.most) return { kind: "wait" };
  return { kind: "take", next: { ...attempts, taken: attempts.taken + 1 } };
}
