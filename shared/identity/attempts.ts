/**
 * Limits on guessing that parallel guesses cannot outrun: an attempt takes its place **before** it is checked and gives it
 * back when it was right. Honest callers in a crowd wait for a place; only failures use them up.
 */
export interface AttemptLimit {
  readonly most: number;
  readonly windowSeconds: number;
}

/** Ten failures in fifteen minutes. */
export const guessLimit: AttemptLimit = { most: 10, windowSeconds: 15 * 60 };

/** What is kept of a name's attempts. Times are seconds of the epoch. */
export interface Attempts {
  /** When attempts failed; those outside of the window may still be among them. */
  readonly failures: readonly number[];
  /** When attempts began that are being checked, by the id of each. */
  readonly pending: Readonly<Record<string, number>>;
}

/**
 * No check takes longer: an attempt that was begun before and never settled was broken off, by a crash or a fault. Its place
 * is free again, for nobody was told anything that helps in guessing.
 */
const maxCheckSeconds = 30;

export type AttemptDecision =
  | { readonly kind: "take"; readonly next: Attempts }
  /** Others are being checked; there will be a place or a refusal in a moment. */
  | { readonly kind: "wait" }
  | { readonly kind: "refuse"; readonly retryAfterSeconds: number };

/** Whether another attempt may be checked now. @param id names the attempt, to settle it by */
export function decideAttempt(
  attempts: Attempts | undefined,
  id: string,
  { most, windowSeconds }: AttemptLimit,
  now: Date,
): AttemptDecision {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  const { failures = [], pending = {} } = attempts ?? {};
  const running = Object.entries(pending).filter(([, at]) => at > nowSeconds - maxCheckSeconds);
  const recent = failures.filter((at) => at > nowSeconds - windowSeconds).sort((a, b) => a - b);

  const decisive = recent.at(-most);
  if (decisive !== undefined) return { kind: "refuse", retryAfterSeconds: decisive + windowSeconds - nowSeconds };
  if (recent.length + running.length >= most) return { kind: "wait" };
  return { kind: "take", next: { failures: recent, pending: { ...Object.fromEntries(running), [id]: nowSeconds } } };
}
