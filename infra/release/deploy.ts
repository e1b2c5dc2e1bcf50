/**
 * `npm run deploy -- --stage prod`: deploys all stacks of a stage. All checks run before anything changes. A stage
 * with a canary then sends a share of the traffic to the new release, and `npm run release` continues from there.
 *
 * `--app FOLDER` deploys an existing assembly. `--allow NAME` permits a change that is refused by default.
 */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { toStageVariable } from "../../shared/runtime/release.ts";
import { liveDeploymentParameter, liveReleaseParameter } from "../constructs/names.ts";
import { findStage } from "../stages/find-stage.ts";
import type { Stage } from "../stages/stage.ts";
import { asCommand, readArguments } from "./arguments.ts";
import { openAccount, openCloud } from "./aws.ts";
import { ReleaseError, type Account, type Deployment } from "./cloud.ts";
import { allowances, changesData, checkAccount, checkPromises, type Allowance } from "./deploy-checks.ts";
import { keepReadOnly, openWriteStop } from "../restore/stage-switch.ts";
import { checkRestoredTable } from "../restore/check-restored-table.ts";
import { describe, hasNewRelease, liveRelease, nameLiveRelease, startCanary, status, sweep } from "./releases.ts";

const root = resolve(import.meta.dirname, "../..");

interface Plan {
  readonly stage: Stage;
  /** CDK context that selects the stage. */
  readonly context: Readonly<Record<string, string>>;
  /** Folder of an assembly; undefined when it must be synthesised. */
  readonly app: string | undefined;
  readonly allowed: readonly Allowance[];
}

async function readPlan(given: readonly string[]): Promise<Plan> {
  const { words, values } = readArguments(given, ["stage", "stage-file", "app", "allow"]);
  const [stageName, stageFile] = [values.stage?.at(-1), values["stage-file"]?.at(-1)];
  if (words.length > 0 || (stageName ?? stageFile) === undefined) {
    throw new ReleaseError(`npm run deploy -- --stage STAGE [--app FOLDER] [--allow ${allowances.join(" | ")}]`);
  }
  const allowed = values.allow ?? [];
  const unknown = allowed.find((name) => !allowances.some((allowance) => allowance === name));
  if (unknown !== undefined) throw new ReleaseError(`--allow ${unknown} is unknown: it is ${allowances.join(" or ")}`);
  return {
    stage: await findStage({ stage: stageName, stageFile }),
    context: stageFile === undefined ? { stage: stageName ?? "" } : { stageFile },
    app: values.app?.at(-1),
    allowed: allowed as readonly Allowance[],
  };
}

/** Synthesises the assembly or uses the given one. @returns its folder */
async function assemblyOf({ stage, context, app }: Plan): Promise<string> {
  if (app !== undefined) return resolve(app);
  const folder = join(root, "cdk.out", stage.name);
  await run(process.execPath, ["infra/app.ts"], { CDK_OUTDIR: folder, CDK_CONTEXT_JSON: JSON.stringify(context) });
  return folder;
}

async function templateIn(folder: string, stack: string): Promise<unknown> {
  const text = await readFile(join(folder, `${stack}.template.json`), "utf8").catch(() => undefined);
  if (text === undefined) throw new ReleaseError(`${folder} has no ${stack}: synthesise the stage into it first`);
  return JSON.parse(text);
}

/** Runs a program and shows its output. */
function run(program: string, words: readonly string[], variables: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((settle, fail) => {
    const child = spawn(program, words, { cwd: root, env: { ...process.env, ...variables }, stdio: "inherit" });
    child.once("error", fail);
    child.once("close", (code) => {
      if (code === 0) settle();
      else fail(new ReleaseError(`${words[0]} ended with status ${code}`));
    });
  });
}

/** @param live what the stage goes on serving; undefined when the new release takes all traffic at once */
async function runCdk(apiStack: string, assembly: string, live: Deployment | undefined): Promise<void> {
  await run(
    process.execPath,
    [
      ...["node_modules/aws-cdk/bin/cdk", "deploy", "--all", "--app", assembly, "--no-notices"],
      // A pipeline cannot answer questions.
      ...["--require-approval", process.stdin.isTTY ? "broadening" : "never", "--no-previous-parameters"],
      ...(live === undefined ? [] : stayLive(apiStack, live)),
    ],
    { CDK_DISABLE_CLI_TELEMETRY: "1" },
  );
}

async function deploy(plan: Plan, account: Account): Promise<void> {
  const { stage, allowed } = plan;
  await checkAccount(stage, account);
  const apiStack = `Portico-${stage.name}-Api`;
  const assembly = await assemblyOf(plan);
  const next = await templateIn(assembly, apiStack);
  const deployed = await account.template(apiStack);
  checkPromises(deployed, next, { name: stage.name, allowed });
  await checkRestoredTable(stage);
  const before = await openCloud(stage.name);
  const served = await before.served();
  if (served?.canary !== undefined) {
    throw new ReleaseError(`a canary of ${stage.name} is under way: promote it or roll it back first`);
  }
  const waits = stage.canary !== undefined && served !== undefined && !changesData(deployed, next);
  const live = waits ? await liveRelease(before) : undefined;
  const writeStop = served === undefined ? undefined : await openWriteStop(stage);
  await keepReadOnly(writeStop, () => runCdk(apiStack, assembly, live));
  const cloud = await openCloud(stage.name);
  if (live !== undefined && !(await hasNewRelease(cloud))) {
    // The commit changes no function, so there is nothing to try.
    await nameLiveRelease(cloud);
  } else if (live !== undefined && stage.canary !== undefined) {
    const started = await startCanary(cloud, stage.canary.percent);
    console.log(`${describe(started)} serves ${stage.canary.percent} % of the traffic of ${stage.name}`);
    console.log(`next: npm run release -- watch --stage ${stage.name}`);
  }
  await sweep(cloud);
  for (const line of await status(cloud)) console.log(line);
}

/** Has the stack leave the stage at the live release. */
function stayLive(stack: string, live: Deployment): readonly string[] {
  const values = { [liveDeploymentParameter]: live.id, [liveReleaseParameter]: toStageVariable(describe(live)) };
  return Object.entries(values).flatMap(([name, value]) => ["--parameters", `${stack}:${name}=${value}`]);
}

await asCommand(async () => {
  await deploy(await readPlan(process.argv.slice(2)), openAccount());
  return true;
});
