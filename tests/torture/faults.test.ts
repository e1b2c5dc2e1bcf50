import { faultSets } from "./fault-sets.ts";
import { seedOfRun, torture, World } from "./kit.ts";
import { scenarios } from "./scenarios.ts";

/** Short enough for every run of the tests, and more than 50 callers in all; `npm run torture` has more of everything. */
const callersPerScenario = 13;
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

describe("tokens, subscriptions, idempotency keys, e-mails, bank accounts, deletions and sign-ins keep their promises when", () => {
  test.each(Object.keys(faultSets))("%s", async (name) => {
    const rules = faultSets[name]!(share, few);
    const { counts, answers } = await torture(world, { scenarios, rules, callers: callersPerScenario, seed });
    expect(counts.some(({ fired }) => fired > 0)).toBe(true);
    expect(answers["500"]).toBeUndefined();
  });
});
