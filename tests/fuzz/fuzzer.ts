/**
 * A fuzzer that is guided by coverage: it changes the texts of a corpus, and keeps a changed text that runs a block which no
 * text has run before. So it finds its way into a parser step by step.
 */
import { Frontier, type Coverage } from "./coverage.ts";
import { mutant, type Material, type Random } from "./mutate.ts";

/** A parser under test. */
export interface Target {
  readonly name: string;
  /** Texts to begin with. */
  readonly seeds: readonly string[];
  /** Texts that mean something to the parser. */
  readonly words: readonly string[];
  /** Parses the text and throws if what came of it is wrong. */
  readonly check: (text: string) => unknown;
}

/** Thrown for a text that a check refuses. */
export class Finding extends Error {
  override readonly name = "Finding";
  readonly target: string;
  readonly text: string;

  constructor(target: string, text: string, cause: unknown) {
    super(`${target}: ${JSON.stringify(text)}`, { cause });
    this.target = target;
    this.text = text;
  }
}

/** Runs one text. @throws Finding */
export async function run({ name, check }: Target, text: string): Promise<void> {
  try {
    await check(text);
  } catch (error) {
    throw new Finding(name, text, error);
  }
}

export interface Campaign {
  readonly target: Target;
  readonly corpus: readonly string[];
  readonly coverage: Coverage;
  readonly random: Random;
  /** Asked before each batch. */
  readonly isOver: (runs: number) => boolean;
}

export interface CampaignResult {
  readonly runs: number;
  /** The number of functions that ran. */
  readonly functions: number;
  /** Texts that together run every block that was reached. */
  readonly corpus: readonly string[];
}

/** Taking the coverage takes longer than most parsers, so several texts share one. */
const batchSize = 64;

/** Fuzzes a target until the campaign is over. @throws Finding */
export async function fuzz({ target, corpus, coverage, random, isOver }: Campaign): Promise<CampaignResult> {
  const frontier = new Frontier();
  const kept: string[] = [];
  const keepIfNew = async (text: string): Promise<void> => {
    await run(target, text);
    if (frontier.extend(await coverage.take())) kept.push(text);
  };

  // Nothing that counts runs between two calls, so each sees one text or one batch.
  await coverage.take();
  for (const text of [...target.seeds, ...corpus].sort((one, other) => one.length - other.length))
    await keepIfNew(text);
  let runs = 0;
  while (!isOver(runs)) {
    const material: Material = { corpus: kept, words: target.words };
    const batch = Array.from({ length: batchSize }, () => mutant(material, random));
    for (const text of batch) await run(target, text);
    runs += batchSize;
    if (frontier.isExtendedBy(await coverage.take())) for (const text of batch) await keepIfNew(text);
  }
  return { runs, functions: frontier.functions, corpus: kept };
}
