/** The corpus: for each target the texts that run all that was reached, and those that once were findings. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "corpus");

const pathOf = (target: string) => join(folder, `${target}.json`);

export function readCorpus(target: string): readonly string[] {
  return existsSync(pathOf(target)) ? (JSON.parse(readFileSync(pathOf(target), "utf8")) as readonly string[]) : [];
}

/** Writes the texts, each once and the short ones first, so that a change is easy to review. */
export function writeCorpus(target: string, texts: readonly string[]): void {
  const sorted = [...new Set(texts)].sort((one, other) => one.length - other.length || (one < other ? -1 : 1));
  // Escapes for everything outside ASCII: a lone surrogate has no form in UTF-8, and others would be invisible.
  const ascii = JSON.stringify(sorted, undefined, 2).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  writeFileSync(pathOf(target), `${ascii}\n`);
}
