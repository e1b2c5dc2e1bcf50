import { faultSets } from "./fault-sets.ts";
import { seedOfRun, torture, World } from "./kit.ts";
import { scenarios } from "./scenarios/index.ts";

/** Small enough for every run of the tests; `npm run torture` does more. */
const callersInAll = 55;
const minCallers = 50;
const share = 0.3;
const few = 4;
const seed = seedOfRun();

let world: World;

beforeAll(async () => {
  world = await World.start(4);
});

afterAll(async () => {
  await world.close();
});

/** Each round combines faults of a kind, so every run has all faults; `npm run torture` also runs each alone. */
const rounds: readonly (readonly (keyof typeof faultSets)[])[] = [
  ["the table's throughput is exceeded", "calls are throttled", "the account's limit is exceeded"],
  ["transactions conflict", "transactions are throttled", "transactions exceed the throughput"],
  ["single writes meet transactions", "transactions are still in progress", "batches are done in part"],
  [
    "the table has internal errors",
    "services are unavailable",
    "answers come late",
    "connections are reset before the call",
  ],
  ["answers are lost after the call was done"],
  [
    "calls are never answered",
    "calls are done and never answered",
    "processes are killed before a call",
    "processes are killed after a call",
  ],
  ["secrets are not available to new processes", "everything at once"],
];

test("every fault is part of a round", () => {
  expect(rounds.flat().sort()).toEqual(Object.keys(faultSets).sort());
});

describe("every promise of the scenarios holds when", () => {
  test.each(rounds.map((names) => [names.join(", "), names] as const))("%s", async (_title, names) => {
    const sets = names.map((name) => faultSets[name]!(share / names.length, few));
    const rules = sets.flat();
    const fit = scenarios.filter(({ unfit }) => unfit?.(rules) === undefined);
    const callers = Math.ceil(callersInAll / fit.length);
    const { counts, answers, begun } = await torture(world, { scenarios: fit, rules, callers, seed });
    expect(begun).toBeGreaterThanOrEqual(minCallers);
    const fired = new Set(counts.flatMap(({ rule, fired: times }) => (times > 0 ? [rule] : [])));
    for (const set of sets) expect(set.some((rule) => fired.has(rule))).toBe(true);
    expect(answers["500"]).toBeUndefined();
  });
});
