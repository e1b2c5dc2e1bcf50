/** Finds the stage that is asked for. A stage is a file of this folder with a default export: `staging.ts` is the stage `staging`. */
import { existsSync, globSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Stage } from "./stage.ts";
import { validateStage } from "./validation.ts";

/** The stage when none is named. */
const defaultStage = "dev";

/** How a stage is asked for, as CDK's context has it. */
export interface StageChoice {
  /** Its name. Default `dev`. */
  readonly stage?: unknown;
  /** A file that is not in this folder, for settings that a company keeps elsewhere; it takes the place of the name. */
  readonly stageFile?: unknown;
}

/**
 * Loads a stage and checks it.
 *
 * @throws Error for an unknown stage, a file without one, or contradicting settings, in one line
 */
export async function findStage(choice: StageChoice): Promise<Stage> {
  const stage = await loadStage(choice);
  validateStage(stage);
  return stage;
}

async function loadStage({ stage: name = defaultStage, stageFile }: StageChoice): Promise<Stage> {
  if (stageFile !== undefined) {
    const path = resolve(String(stageFile));
    const stage = existsSync(path) ? await stageIn(path) : undefined;
    if (stage === undefined)
      throw new Error(`${String(stageFile)} exports no stage by default: see infra/stages/prod.ts`);
    return stage;
  }
  const stages = await allStages();
  const found = stages.find((stage) => stage.name === name);
  if (found === undefined) {
    const names = stages.map((stage) => stage.name);
    throw new Error(
      `unknown stage ${JSON.stringify(name)}: choose one of ${names.join(", ")}, or add infra/stages/<name>.ts`,
    );
  }
  return found;
}

/**
 * Every stage, unchecked and sorted by name.
 *
 * @throws Error when a file's name is not its stage's: two files could then make one stage
 */
export async function allStages(): Promise<readonly Stage[]> {
  const files = globSync("*.ts", { cwd: import.meta.dirname }).sort();
  const stages = await Promise.all(
    files.map(async (file) => [file, await stageIn(join(import.meta.dirname, file))] as const),
  );
  return stages.flatMap(([file, stage]) => {
    if (stage === undefined) return [];
    if (`${stage.name}.ts` !== file)
      throw new Error(`infra/stages/${file} names its stage ${stage.name}: rename one of them`);
    return [stage];
  });
}

/** The stage that a file exports by default; undefined where it exports none. */
async function stageIn(path: string): Promise<Stage | undefined> {
  const { default: stage } = (await import(pathToFileURL(path).href)) as { readonly default?: Stage };
  return stage;
}
