/**
 * `npm run bench -- scale [--write]`: simulates the limits of DynamoDB, Lambda and API Gateway for a load, with the keys and the
 * accesses of the code, and prints what breaks first. `--write` puts the tables into `docs/scale.md`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot, synthesise } from "../../../infra/local/commands/synthesise.ts";
import { answersOf, populationText, type Answers } from "./answers.ts";
import { recordCalls } from "./calls.ts";
import { templatesOf } from "./templates.ts";

export const page = join(projectRoot, "docs/scale.md");

/** @returns true: the simulation has no target of its own, `tests/infra` compares its figures with the docs */
export async function benchScale({ write }: { readonly write: boolean }): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "portico-bench-"));
  try {
    await synthesise(folder);
    const answers = answersOf(templatesOf(await recordCalls(folder)));
    for (const [name, text] of Object.entries(answers.tables)) console.log(`\n${name}\n\n${text}`);
    if (write) writeFileSync(page, pageWith(readFileSync(page, "utf8"), answers));
    return true;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The page with these figures. @throws Error for a page that lacks a place for one */
export function pageWith(text: string, { tables }: Answers): string {
  const parts = { ...tables, population: `The load has ${populationText}.` };
  return Object.entries(parts).reduce((filled, [name, content]) => {
    const place = new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- end -->)`);
    if (!place.test(filled)) throw new Error(`docs/scale.md has no place for ${name}`);
    return filled.replace(place, (_whole, from: string, to: string) => `${from}\n\n${content}\n\n${to}`);
  }, text);
}
