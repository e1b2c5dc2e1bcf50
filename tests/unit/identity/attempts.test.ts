/** How many failed attempts a name has: of one source in 15 minutes, and of all sources in an hour. */
import fc from "fast-check";
import {
  guessLimit,
  signInBudget,
  type Attempt,
  type AttemptLimit,
  type Attempts,
} from "../../../shared/identity/model.ts";
import { decideAttempt as decide, type AttemptDecision } from "../../../shared/identity/attempts.ts";

const limit = { maxFailures: 3, windowSeconds: 60 };
const at = (seconds: number): Date => new Date(seconds * 1000 + 999);

function kept(failures: readonly number[], pending: Readonly<Record<string, number>> = {}): Attempts {
  const entries = Object.entries(pending).map(([id, time]) => [id, { at: time }]);
  return { failures: failures.map((time) => ({ at: time })), pending: Object.fromEntries(entries) };
}

/** A decision where sources are not told apart. */
function decideAttempt(attempts: Attempts | undefined, id: string, bound: AttemptLimit, now: Date): AttemptDecision {
  return decide(attempts, { id }, { perName: bound }, now);
}

/** What the store writes when an attempt ends. */
function settle({ failures, pending }: Attempts, id: string, failed: boolean, seconds: number): Attempts {
  const { [id]: settled, ...others } = pending;
  if (settled === undefined) return { failures, pending };
  return { failures: failed ? [...failures, { ...settled, at: seconds }] : failures, pending: others };
}

test("a name is limited to ten failures per source in 15 minutes, and to a higher total over all sources", () => {
  expect(guessLimit).toEqual({ maxFailures: 10, windowSeconds: 900 });
  const { perName, perSource } = signInBudget;
  expect(perSource).toEqual(guessLimit);
  // However a source times its failures, this many fit into the window of the name.
  const ofOneSource = (perName.windowSeconds / perSource.windowSeconds + 1) * perSource.maxFailures;
  expect(perName.maxFailures).toBeGreaterThanOrEqual(2 * ofOneSource);
});

describe("where sources are told apart", () => {
  const budget = { perName: { maxFailures: 5, windowSeconds: 300 }, perSource: limit };
  const from = (source: string, ...times: readonly number[]): readonly Attempt[] =>
    times.map((time) => ({ at: time, source }));
  const attemptsOf = (...failures: readonly Attempt[]): Attempts => ({ failures, pending: {} });

  test("a source that has used up its failures is refused, and no other", () => {
    const attempts = attemptsOf(...from("a", 100, 110, 120));
    expect(decide(attempts, { id: "1", source: "a" }, budget, at(121))).toEqual({
      kind: "refuse",
      retryAfterSeconds: 39,
    });
    expect(decide(attempts, { id: "1", source: "b" }, budget, at(121))).toEqual({
      kind: "reserve",
      next: { failures: attempts.failures, pending: { "1": { at: 121, source: "b" } } },
    });
  });

  test("all sources together are refused when the name has used up its failures", () => {
    const attempts = attemptsOf(...from("a", 100, 110), ...from("b", 120, 130), ...from("c", 140));
    for (const source of ["a", "b", "c", "d"]) {
      expect(decide(attempts, { id: "1", source }, budget, at(399))).toEqual({ kind: "refuse", retryAfterSeconds: 1 });
      expect(decide(attempts, { id: "1", source }, budget, at(400))).toMatchObject({ kind: "reserve" });
    }
  });

  test("with both used up, the longer time counts", () => {
    const attempts = attemptsOf(...from("b", 100, 101), ...from("a", 380, 381, 382));
    expect(decide(attempts, { id: "1", source: "a" }, budget, at(399))).toEqual({
      kind: "refuse",
      retryAfterSeconds: 41,
    });
  });

  test("a source waits for its own attempts that are being checked, and not for those of others", () => {
    const pending = { "1": { at: 99, source: "a" }, "2": { at: 99, source: "a" }, "3": { at: 99, source: "a" } };
    const attempts: Attempts = { failures: [], pending };
    expect(decide(attempts, { id: "4", source: "a" }, budget, at(100))).toEqual({ kind: "wait" });
    expect(decide(attempts, { id: "4", source: "b" }, budget, at(100))).toMatchObject({ kind: "reserve" });
  });

  test("one source alone never uses up the failures of the name", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(gaps, (seconds) => {
        let [now, attempts] = [1000, attemptsOf()];
        for (const gap of seconds) {
          now += gap;
          const decision = decide(attempts, { id: "1", source: "a" }, signInBudget, at(now));
          if (decision.kind === "reserve") attempts = settle(decision.next, "1", true, now);
          expect(decide(attempts, { id: "2", source: "b" }, signInBudget, at(now)).kind).toBe("reserve");
        }
      }),
    );
  });
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
