/** A username has ten failed attempts in any 15 minutes. */
import fc from "fast-check";
import { guessLimit, type AttemptLimit, type Attempts } from "../../../shared/identity/model.ts";
import { decideAttempt } from "../../../shared/identity/attempts.ts";

const limit = { maxFailures: 3, windowSeconds: 60 };
const at = (seconds: number): Date => new Date(seconds * 1000 + 999);

function kept(failures: readonly number[], pending: Readonly<Record<string, number>> = {}): Attempts {
  return { failures, pending };
}

/** What the store writes when an attempt ends. */
function settle({ failures, pending }: Attempts, id: string, failed: boolean, seconds: number): Attempts {
  const { [id]: settled, ...others } = pending;
  if (settled === undefined) return { failures, pending };
  return { failures: failed ? [...failures, seconds] : failures, pending: others };
}

test("sign-ins are limited to ten failures in 15 minutes", () => {
  expect(guessLimit).toEqual({ maxFailures: 10, windowSeconds: 900 });
});

test("the first attempt reserves a slot under its id", () => {
  expect(decideAttempt(undefined, "a", limit, at(100))).toEqual({ kind: "reserve", next: kept([], { a: 100 }) });
});

test("a failure counts until it leaves the sliding window", () => {
  const full = kept([100, 110, 120]);
  expect(decideAttempt(full, "a", limit, at(159))).toEqual({ kind: "refuse", retryAfterSeconds: 1 });
  expect(decideAttempt(full, "a", limit, at(160))).toEqual({ kind: "reserve", next: kept([110, 120], { a: 160 }) });
});

test("each failure that leaves the sliding window frees one slot", () => {
  const next = kept([110, 120, 160]);
  expect(decideAttempt(next, "a", limit, at(161))).toEqual({ kind: "refuse", retryAfterSeconds: 9 });
  expect(decideAttempt(next, "a", limit, at(170))).toMatchObject({ kind: "reserve" });
});

test("attempts wait while all slots are reserved and not all have failed", () => {
  expect(decideAttempt(kept([90, 95], { a: 99 }), "b", limit, at(100))).toEqual({ kind: "wait" });
  expect(decideAttempt(kept([90], { a: 99 }), "b", limit, at(100))).toEqual({
    kind: "reserve",
    next: kept([90], { a: 99, b: 100 }),
  });
});

test("an attempt without an outcome frees its slot after thirty seconds", () => {
  const abandoned = kept([90, 95], { a: 99 });
  expect(decideAttempt(abandoned, "b", limit, at(128))).toEqual({ kind: "wait" });
  expect(decideAttempt(abandoned, "b", limit, at(129))).toEqual({ kind: "reserve", next: kept([90, 95], { b: 129 }) });
});

test("ten interrupted attempts lock nobody out", () => {
  const crashed = kept([], Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`crash-${index}`, 100])));
  expect(decideAttempt(crashed, "a", guessLimit, at(130))).toEqual({ kind: "reserve", next: kept([], { a: 130 }) });
});

test("a rejected caller finds a free slot after Retry-After, and not a second earlier", () => {
  const failures = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 3, maxLength: 12 });
  fc.assert(
    fc.property(failures, fc.integer({ min: 200, max: 300 }), (times, now) => {
      const decision = decideAttempt(kept(times), "a", limit, at(now));
      fc.pre(decision.kind === "refuse");
      const { retryAfterSeconds } = decision;
      expect(retryAfterSeconds).toBeGreaterThan(0);
      expect(retryAfterSeconds).toBeLessThanOrEqual(limit.windowSeconds);
      expect(decideAttempt(kept(times), "a", limit, at(now + retryAfterSeconds)).kind).toBe("reserve");
      expect(decideAttempt(kept(times), "a", limit, at(now + retryAfterSeconds - 1)).kind).toBe("refuse");
    }),
  );
});

const events = fc.array(
  fc.record({
    what: fc.constantFrom("reserve", "fail", "succeed", "crash"),
    passes: fc.integer({ min: 0, max: 25 }),
    which: fc.nat(),
  }),
  { maxLength: 80 },
);

interface Trace {
  /** The start times of attempts with a reported failure. */
  readonly wrong: readonly number[];
  readonly refusals: number;
}

interface Step {
  readonly what: string;
  readonly passes: number;
  readonly which: number;
}

/** Simulates attempts that start, end and crash. */
function live(bound: AttemptLimit, sequence: readonly Step[]): Trace {
  let [now, count, refusals] = [1000, 0, 0];
  let attempts: Attempts | undefined;
  const begun = new Map<string, number>();
  const wrong = new Map<string, number>();
  for (const { what, passes, which } of sequence) {
    now += passes;
    // No function runs for longer than this, so no attempt is settled later.
    for (const [id, since] of begun) {
      if (since > now - 30) continue;
      begun.delete(id);
      wrong.delete(id);
    }
    if (what === "reserve") {
      const id = `attempt-${++count}`;
      const decision = decideAttempt(attempts, id, bound, at(now));
      if (decision.kind === "refuse") refusals++;
      if (decision.kind !== "reserve") continue;
      attempts = decision.next;
      begun.set(id, now);
      wrong.set(id, now);
      continue;
    }
    const id = [...begun.keys()][which % Math.max(begun.size, 1)];
    if (id === undefined || attempts === undefined) continue;
    begun.delete(id);
    if (what !== "fail") wrong.delete(id);
    if (what !== "crash") attempts = settle(attempts, id, what === "fail", now);
  }
  return { wrong: [...wrong.values()], refusals };
}

test("whatever the order of attempts, no window contains more failures than the limit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), events, (most, sequence) => {
      const bound = { maxFailures: most, windowSeconds: 60 };
      const { wrong } = live(bound, sequence);
      // A slot is reserved at the start of an attempt and its failure counts from its end, so windows can only be longer.
      const inWindow = wrong.map((end) => wrong.filter((time) => time <= end && time > end - 60).length);
      expect(Math.max(0, ...inWindow)).toBeLessThanOrEqual(most);
    }),
    { numRuns: 1000 },
  );
});

test("successes use up no slots", () => {
  const honest = fc.array(
    fc.record({
      what: fc.constantFrom("reserve", "succeed"),
      passes: fc.integer({ min: 0, max: 2 }),
      which: fc.nat(),
    }),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(honest, (sequence) => {
      const all = sequence.flatMap((event) => [event, { what: "succeed", passes: 0, which: 0 }]);
      expect(live({ maxFailures: 3, windowSeconds: 60 }, all).refusals).toBe(0);
    }),
  );
});
