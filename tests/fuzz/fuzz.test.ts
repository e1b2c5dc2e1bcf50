/** Replays the corpus of the fuzzer, and shows that the fuzzer finds its way. `npm run fuzz` looks for new inputs. */
import { fileURLToPath } from "node:url";
import { mulberry32 } from "../faults/fault-injector.ts";
import { readCorpus } from "./corpus.ts";
import { Coverage, Frontier } from "./coverage.ts";
import { Finding, fuzz, run, type Target } from "./fuzzer.ts";
import { planted } from "./planted.ts";
import { targets } from "./targets.ts";

test.each(targets.map((target) => [target.name, target] as const))("the corpus of %s", async (_name, target) => {
  const corpus = readCorpus(target.name);
  expect(target.seeds.length + corpus.length).toBeGreaterThan(2);
  for (const text of [...target.seeds, ...corpus]) await run(target, text);
});

test("a finding has its input and its cause", async () => {
  const target = targetOf(() => {
    throw new TypeError("x");
  });
  const finding = await run(target, "abc").catch((error: unknown) => error);
  expect(finding).toMatchObject({ target: "planted", text: "abc", cause: expect.any(TypeError) });
});

function targetOf(check: Target["check"]): Target {
  return { name: "planted", seeds: [""], words: [], check };
}

describe("guided by coverage", () => {
  const coverage = new Coverage((url) => url.includes(fileURLToPath(new URL("planted.ts", import.meta.url))));
  beforeAll(async () => {
    await coverage.start();
  });
  afterAll(async () => {
    await coverage.stop();
  });

  const maxRuns = 9_600;

  async function findingOf(seed: number, isGuided: boolean): Promise<unknown> {
    const isOver = (runs: number) => runs >= maxRuns;
    const seeing = isGuided ? coverage : new Coverage(() => false);
    if (!isGuided) await seeing.start();
    const campaign = { target: targetOf(planted), corpus: [], coverage: seeing, random: mulberry32(seed), isOver };
    return await fuzz(campaign).catch((error: unknown) => error);
  }

  test("it finds what three characters in a row lead to", async () => {
    const finding = await findingOf(1, true);
    expect(finding).toBeInstanceOf(Finding);
    expect((finding as Finding).text).toMatch(/^fu!/);
  });

  test("without coverage it does not: the same changes alone are not enough", async () => {
    expect(await findingOf(1, false)).toMatchObject({ runs: maxRuns, corpus: [] });
  });
});

test("the frontier moves only where something runs for the first time", () => {
  const frontier = new Frontier();
  const snapshot = (...idle: readonly (readonly [number, number])[]) => new Map([["1:0-100", idle]]);
  expect(frontier.extend(snapshot([10, 30], [50, 60]))).toBe(true);
  expect(frontier.extend(snapshot([10, 30], [50, 60]))).toBe(false);
  expect(frontier.isExtendedBy(snapshot([0, 100]))).toBe(false);
  expect(frontier.isExtendedBy(snapshot([10, 20], [50, 60]))).toBe(true);
  expect(frontier.extend(snapshot([20, 30]))).toBe(true);
  expect(frontier.extend(snapshot([0, 9], [31, 99]))).toBe(true);
  expect(frontier.extend(snapshot([0, 100]))).toBe(false);
});
