/** The numbers that the contract promises for coupons, with and without faults. */
import type { FaultRule } from "../faults/fault-injector.ts";
import { seedOfRun, torture, World } from "./kit.ts";
import { crowdFor, spending } from "./scenarios/coupons.ts";

let world: World;

beforeAll(async () => {
  world = await World.start(6);
});

afterAll(async () => {
  await world.close();
});

/** A thousand callers take minutes, so the crowd is smaller by default; `.ci/run` uses the full one. */
const crowd = Number(process.env.PORTICO_CROWD ?? 50);

const table = { service: "dynamodb", functions: ["coupons.redeem"] } as const;
const weathers: readonly (readonly [name: string, rules: readonly FaultRule[]])[] = [
  ["nothing fails", []],
  [
    "there are throttling, conflicts and lost answers",
    [
      { ...table, fault: { kind: "error", code: "ThrottlingException" }, probability: 0.05 },
      { ...table, fault: { kind: "cancelled", reason: "TransactionConflict" }, probability: 0.2 },
      { ...table, fault: { kind: "reset", done: true }, probability: 0.05 },
    ],
  ],
];

const seed = seedOfRun();
const crowdTimeoutMs = 120_000;

describe.each(weathers)("when %s", (_name, rules) => {
  test.each([
    [`${crowd} callers on ${crowd} units all succeed`, crowdFor(1), crowd],
    [
      `${crowd} callers on ${crowd / 10} units: exactly ${crowd / 10} succeed, and the others are told that it is exhausted`,
      crowdFor(0.1),
      crowd,
    ],
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
