/**
 * `npm run release -- status | canary | promote | rollback | watch | sweep --stage prod`: shows and switches the releases of a
 * stage. `--release NAME` names the release to promote or to go back to.
 */
import { findStage } from "../stages/find-stage.ts";
import type { Stage } from "../stages/stage.ts";
import { asCommand, readArguments } from "./arguments.ts";
import { openAccount, openCloud } from "./aws.ts";
import { ReleaseError, type Cloud } from "./cloud.ts";
import { checkAccount } from "./deploy-checks.ts";
import { describe, promote, rollback, startCanary, status, sweep, watch } from "./releases.ts";

interface Request {
  readonly cloud: Cloud;
  readonly stage: Stage;
  readonly release: string | undefined;
}

/** Each command prints its result. It returns whether the release is healthy. */
const commands: Readonly<Record<string, (request: Request) => Promise<boolean>>> = {
  status: async ({ cloud }) => {
    for (const line of await status(cloud)) console.log(line);
    return true;
  },
  canary: async ({ cloud, stage }) => {
    const { percent } = canaryOf(stage);
    console.log(`${describe(await startCanary(cloud, percent))} serves ${percent} % of the traffic`);
    return true;
  },
  promote: async ({ cloud, release }) => {
    console.log(`${describe(await promote(cloud, release))} serves all traffic`);
    return true;
  },
  rollback: async ({ cloud, release }) => {
    console.log(`${describe(await rollback(cloud, release))} serves all traffic`);
    return true;
  },
  watch: async ({ cloud, stage }) => {
    const { minutes } = canaryOf(stage);
    // After a first deployment, or one without changes, the live release serves all traffic.
    if ((await cloud.served())?.canary === undefined) {
      console.log("there is no canary to watch");
      return true;
    }
    const ringing = await watch(cloud, { minutes });
    if (ringing.length === 0) console.log(`no alarm has rung for ${minutes} min: the canary serves all traffic`);
    else console.error(`rolled back, because these alarms ring: ${ringing.join(", ")}`);
    return ringing.length === 0;
  },
  sweep: async ({ cloud }) => {
    const swept = await sweep(cloud);
    console.log(`${swept.deployments} deployments and ${swept.versions} function versions removed`);
    return true;
  },
};

function canaryOf({ name, canary }: Stage): NonNullable<Stage["canary"]> {
  if (canary === undefined) throw new ReleaseError(`stage ${name} has no canary: set it in infra/stages/${name}.ts`);
  return canary;
}

await asCommand(async () => {
  const { words, values } = readArguments(process.argv.slice(2), ["stage", "stage-file", "release"]);
  const command = words.length === 1 ? commands[words[0] ?? ""] : undefined;
  if (command === undefined || (values.stage ?? values["stage-file"]) === undefined) {
    throw new ReleaseError(`npm run release -- ${Object.keys(commands).join(" | ")} --stage STAGE [--release NAME]`);
  }
  const stage = await findStage({ stage: values.stage?.at(-1), stageFile: values["stage-file"]?.at(-1) });
  await checkAccount(stage, openAccount());
  return await command({ cloud: await openCloud(stage.name), stage, release: values.release?.at(-1) });
});
