/** Limits under simulated crowds: many processes that know of each other by the counters alone, on a clock of their own. */
import type { LimitState } from "../../../shared/contract/limit-state.ts";
import type { PartnerLimits } from "../../../shared/domain/limits.ts";
import { CallMeter } from "../../../shared/limits/meter-calls.ts";
import { usedIn } from "../../../shared/limits/rules.ts";
import { countersInMemory } from "../../support/limits.ts";

const start = Date.parse("2026-11-20T12:00:00.000Z");
const standard: PartnerLimits = { requestsPerSecond: 50, burst: 500, requestsPerMonth: 5_000_000 };

/** Pseudo-random numbers in [0, 1) that are the same in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

interface Crowd {
  readonly limits: PartnerLimits;
  readonly processes: number;
  readonly callsPerSecond: number;
  readonly seconds: number;
  /** Seconds without a call in the middle. */
  readonly pause?: number;
}

interface Outcome {
  /** Times of the calls that were allowed. */
  readonly allowed: readonly number[];
  readonly refusals: readonly LimitState[];
  readonly calls: number;
  readonly writes: number;
  readonly used: number;
}

/** Calls at random times come to random processes. */
async function simulate({ limits, processes, callsPerSecond, seconds, pause = 0 }: Crowd): Promise<Outcome> {
  const random = randomFrom(processes * 7919 + callsPerSecond);
  const counters = countersInMemory();
  const meters = Array.from({ length: processes }, () => new CallMeter(random));
  const allowed: number[] = [];
  const refusals: LimitState[] = [];
  let calls = 0;
  let now = start;
  while (now < start + seconds * 1000) {
    const before = now;
    now += (-Math.log(1 - random()) / callsPerSecond) * 1000;
    const middle = start + seconds * 500;
    if (before < middle && now >= middle) now += pause * 1000;
    const meter = meters[Math.floor(random() * processes)]!;
    const call = { partnerId: "ptr_1", limits, now: Math.floor(now) };
    const state = await meter.admit(call, { takeLease: counters.takeLease, onFailure: fail });
    calls += 1;
    if (state.refusal === undefined) allowed.push(call.now);
    else refusals.push(state);
  }
  return { allowed, refusals, calls, writes: counters.writes(), used: usedIn(counters.item(), start) };
}

function fail(error: unknown): never {
  throw error;
}

/** Whether every window of time has at most the burst and what the rate gives in it, both times a factor. */
function isWithin(times: readonly number[], { requestsPerSecond, burst }: PartnerLimits, factor: number): boolean {
  let tokens = burst * factor;
  let last = times[0] ?? 0;
  for (const time of times) {
    tokens = Math.min(burst * factor, tokens + ((time - last) / 1000) * requestsPerSecond * factor) - 1;
    last = time;
    if (tokens < -1) return false;
  }
  return true;
}

const limitsOf: readonly PartnerLimits[] = [
  { requestsPerSecond: 5, burst: 10, requestsPerMonth: 1_000_000 },
  standard,
  { requestsPerSecond: 300, burst: 600, requestsPerMonth: 1_000_000 },
];
const crowds = limitsOf.flatMap((limits) =>
  [1, 50, 300].flatMap((processes) => [0.5, 1.2, 3, 20].map((factor) => ({ limits, processes, factor }))),
);

describe("a partner's limit", () => {
  test.each(crowds)("holds within 10 % for $processes processes at $factor times the rate: $limits", async (crowd) => {
    const { limits, processes, factor } = crowd;
    const { requestsPerSecond, burst } = limits;
    const seconds = burst / requestsPerSecond + 10;
    const callsPerSecond = requestsPerSecond * factor;
    const { allowed, calls } = await simulate({ limits, processes, callsPerSecond, seconds });
    expect(isWithin(allowed, limits, 1.1)).toBe(true);
    expect(allowed.length).toBeGreaterThanOrEqual(0.9 * Math.min(calls, burst + requestsPerSecond * seconds));
  });

  test("holds when fifty processes keep leases over a pause", async () => {
    const crowd = { limits: standard, processes: 50, callsPerSecond: 1000, seconds: 20, pause: 0.9 };
    const { allowed } = await simulate(crowd);
    expect(isWithin(allowed, standard, 1.1)).toBe(true);
  });
});

describe("the cost", () => {
  test.each([
    [1, 10, 0.2],
    [5, 25, 0.4],
    [5, 45, 0.25],
    [50, 45, 1],
  ])(
    "with %d processes and %d calls a second is at most %d updates a call",
    async (processes, callsPerSecond, most) => {
      const { calls, writes, refusals } = await simulate({ limits: standard, processes, callsPerSecond, seconds: 60 });
      expect(refusals).toEqual([]);
      expect(writes / calls).toBeLessThanOrEqual(most);
    },
  );

  test("of refused calls is at most four updates a second and process", async () => {
    const { writes } = await simulate({ limits: standard, processes: 50, callsPerSecond: 5000, seconds: 10 });
    expect(writes / 10).toBeLessThan(50 * 4);
  });
});
