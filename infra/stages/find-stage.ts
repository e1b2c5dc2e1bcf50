/** Finds a stage. A stage is a file of this folder with a default export: `staging.ts` is the stage `staging`. */
import { existsSync, globSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Stage } from "./stage.ts";
import { validateStage } from "./validation.ts";

/** The default stage. */
const defaultStage = "dev";

/** CDK context that selects a stage. */
export interface StageChoice {
  /** Its name. Default `dev`. */
  readonly stage?: unknown;
  /** Path of a stage file outside this folder, which replaces the name. */
  readonly stageFile?: unknown;
}

/**
 * Loads a stage and checks it.
 *
 * @throws Error of one line for an unknown stage, a file without a stage, or contradictory settings
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
 * @throws Error when a file is not named after its stage, because two files could then define the same stage
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

/** The default export of a stage file; undefined when it has none. */
async function stageIn(path: string): Promise<Stage | undefined> {
  const { default: stage } = (await import(pathToFileURL(path).href)) as { readonly default?: Stage };
  return stage;
}
