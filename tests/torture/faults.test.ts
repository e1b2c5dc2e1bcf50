import { faultSets } from "./fault-sets.ts";
import { seedOfRun, torture, World } from "./kit.ts";
import { scenarios } from "./scenarios.ts";

/** Short enough for every run of the tests; `npm run torture` has more of everything. */
const callersInAll = 55;
const fewestCallers = 50;
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

describe("every promise that callers put to the test under faults holds when", () => {
  test.each(Object.keys(faultSets))("%s", async (name) => {
    const rules = faultSets[name]!(share, few);
    const fit = scenarios.filter(({ unfit }) => unfit?.(rules) === undefined);
    const callers = Math.ceil(callersInAll / fit.length);
    const { counts, answers, begun } = await torture(world, { scenarios: fit, rules, callers, seed });
    expect(begun).toBeGreaterThanOrEqual(fewestCallers);
    expect(counts.some(({ fired }) => fired > 0)).toBe(true);
    expect(answers["500"]).toBeUndefined();
  });
});
