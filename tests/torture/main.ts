/**
 * `npm run torture -- [--minutes 5] [--seed N] [--scenario name] [--fault name] [--freeze]`: round after round under faults that the
 * seed draws, the next round with the next seed, until the time is over or a promise is broken (exit code 1).
 */
import "../support/without-jest.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mulberry32 } from "../faults/fault-injector.ts";
import { synthesise } from "../../infra/local/commands/synthesise.ts";
import { faultSets } from "./fault-sets.ts";
import { seedOfRun, torture, TortureFailure, World } from "./kit.ts";
import { scenarios } from "./scenarios/index.ts";

const callersPerScenario = 50;
const processesPerFunction = 6;
/** A new host after some rounds, because a full table is slow to read and new hosts have to be tested as well. */
const roundsPerHost = 20;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string" },
    scenario: { type: "string" },
    fault: { type: "string" },
    freeze: { type: "boolean", default: false },
  },
});

function chosen<Value>(kind: string, all: Readonly<Record<string, Value>>, name: string | undefined): readonly Value[] {
  if (name === undefined) return Object.values(all);
  const value = all[name];
  if (value !== undefined) return [value];
  console.error(`no such ${kind}: ${name}; there are ${Object.keys(all).join(", ")}`);
  process.exit(2);
}

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number) && number >= 0) return number;
  console.error(`--${name} wants a number, not ${JSON.stringify(text)}`);
  process.exit(2);
}

const byName = Object.fromEntries(scenarios.map((scenario) => [scenario.name, scenario]));
const chosenScenarios = chosen("scenario", byName, values.scenario);
const chosenFaults = chosen("fault", faultSets, values.fault);
const firstSeed = (values.seed === undefined ? seedOfRun() : numberOf("seed", values.seed)) >>> 0;
const until = performance.now() + numberOf("minutes", values.minutes) * 60_000;

/** One round, determined only by its seed. */
async function round(world: World, seed: number): Promise<void> {
  const random = mulberry32(seed);
  const faultSet = chosenFaults[Math.floor(random() * chosenFaults.length)]!;
  const name = Object.keys(faultSets).find((key) => faultSets[key] === faultSet);
  const share = 0.1 + 0.4 * random();
  const begin = performance.now();
  const { counts, answers } = await torture(world, {
    scenarios: chosenScenarios,
    rules: faultSet(share, 12),
    callers: callersPerScenario,
    seed,
  });
  const fired = counts.reduce((sum, count) => sum + count.fired, 0);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const statuses = Object.entries(answers).map(([status, count]) => `${status}×${count}`);
  console.log(`seed ${seed}: ${name} (${share.toFixed(2)}): ${fired} faults, ${statuses.join(" ")}, ${seconds} s`);
}

const folder = await mkdtemp(join(tmpdir(), "portico-torture-"));
let failed = false;
try {
  process.env.PORTICO_TEST_ASSEMBLY = join(folder, "assembly");
  await synthesise(process.env.PORTICO_TEST_ASSEMBLY);
  let seed = firstSeed;
  let rounds = 0;
  do {
    const world = await World.start(processesPerFunction, { freezesIdleProcesses: values.freeze });
    try {
      do {
        await round(world, seed);
        rounds++;
        seed = (seed + 1) >>> 0;
      } while (performance.now() < until && rounds % roundsPerHost !== 0);
    } finally {
      await world.close();
    }
  } while (performance.now() < until);
  console.log(`${rounds} rounds, every promise kept`);
} catch (error) {
  if (!(error instanceof TortureFailure)) throw error;
  failed = true;
  const again = /^seed (\d+)/.exec(error.message)?.[1] ?? String(firstSeed);
  const filters = [
    values.scenario === undefined ? "" : ` --scenario ${JSON.stringify(values.scenario)}`,
    values.fault === undefined ? "" : ` --fault ${JSON.stringify(values.fault)}`,
    values.freeze ? " --freeze" : "",
  ];
  console.error(`${error.message}\nagain: npm run torture -- --seed ${again} --minutes 0${filters.join("")}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
