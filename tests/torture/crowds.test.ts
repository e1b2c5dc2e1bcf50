/** The numbers that the contract promises for coupons, in a quiet world and in a bad one. */
import type { FaultRule } from "../../infra/local/faults.ts";
import { seedOfRun, torture, World } from "./kit.ts";
import { crowdFor, spending } from "./scenarios.ts";

let world: World;

beforeAll(async () => {
  world = await World.start(6);
});

afterAll(async () => {
  await world.close();
});

const table = { service: "dynamodb", functions: ["coupons.redeem"] } as const;
const weather: Readonly<Record<string, readonly FaultRule[]>> = {
  "and nothing fails": [],
  "under throttling, conflicts and lost answers": [
    { ...table, fault: { kind: "error", code: "ThrottlingException" }, probability: 0.05 },
    { ...table, fault: { kind: "cancelled", reason: "TransactionConflict" }, probability: 0.2 },
    { ...table, fault: { kind: "reset", done: true }, probability: 0.05 },
  ],
};

const seed = seedOfRun();
const crowdTimeoutMs = 120_000;

describe.each(Object.entries(weather))("%s", (_name, rules) => {
  test.each([
    ["1,000 callers on 1,000 units all succeed", crowdFor(1), 1000],
    ["1,000 callers on 100 units: exactly 100 succeed, and 900 are told that it is exhausted", crowdFor(0.1), 1000],
    ["one user with 50 parallel coupons never overspends", spending, 50],
  ])(
    "%s",
    async (_promise, scenario, callers) => {
      const { counts, answers } = await torture(world, { scenarios: [scenario], rules, callers, seed });
      expect(counts.every(({ fired }) => fired > 0)).toBe(true);
      expect(answers["500"]).toBeUndefined();
    },
    crowdTimeoutMs,
  );
});
