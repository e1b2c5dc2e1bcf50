/**
 * `npm run fuzz -- [--seconds 120] [--seed N] [--target name] [--keep]`: fuzzes each parser of what callers send for its part of
 * the time. A finding prints its input and ends with exit code 1; `--keep` adds what was found to the corpus.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { mulberry32 } from "../faults/fault-injector.ts";
import { readCorpus, writeCorpus } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { Finding, fuzz, type Target } from "./fuzzer.ts";
import { targets } from "./targets.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "120" },
    seed: { type: "string", default: String(randomInt(2 ** 31)) },
    target: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const seconds = numberOf("seconds", values.seconds);
const seed = numberOf("seed", values.seed);
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
if (chosen.length === 0) {
  console.error(`no such target: ${values.target}; there are ${targets.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number) && number >= 0) return number;
  console.error(`--${name} wants a number, not ${JSON.stringify(text)}`);
  process.exit(2);
}

const coverage = new Coverage((url) => url.includes("/shared/"));

async function fuzzFor(target: Target): Promise<void> {
  const corpus = readCorpus(target.name);
  const until = performance.now() + (seconds * 1000) / chosen.length;
  const isOver = () => performance.now() >= until;
  const result = await fuzz({ target, corpus, coverage, random: mulberry32(seed), isOver });
  const fresh = result.corpus.filter((text) => !corpus.includes(text) && !target.seeds.includes(text));
  console.log(`${target.name}: ${result.runs} runs, ${result.functions} functions, ${fresh.length} new texts`);
  if (values.keep) writeCorpus(target.name, [...corpus, ...fresh]);
}

console.log(`seed ${seed}, ${seconds} seconds for ${chosen.length} targets`);
await coverage.start();
try {
  for (const target of chosen) await fuzzFor(target);
} catch (error) {
  if (!(error instanceof Finding)) throw error;
  console.error(`FINDING in ${error.target} with the seed ${seed}. Its input:\n${JSON.stringify(error.text)}`);
  console.error(error.cause);
  if (values.keep) writeCorpus(error.target, [...readCorpus(error.target), error.text]);
  process.exitCode = 1;
} finally {
  await coverage.stop();
}
