/**
 * `npm run read-only -- on | off | status --stage prod`: makes a stage read-only, or lets it take writes again. Without a stage it
 * talks to the running local host.
 */
import { giveOrder } from "../local/commands/control.ts";
import { asCommand, readArguments } from "../release/arguments.ts";
import { openAccount } from "../release/aws.ts";
import { ReleaseError } from "../release/cloud.ts";
import { checkAccount } from "../release/deploy-checks.ts";
import { findStage } from "../stages/find-stage.ts";
import type { Stage } from "../stages/stage.ts";
import { openWriteStop, type WriteStop } from "./stage-switch.ts";

const usage = "npm run read-only -- on | off | status [--stage STAGE]";

async function open(stage: Stage): Promise<WriteStop> {
  await checkAccount(stage, openAccount());
  return await openWriteStop(stage);
}

const localWriteStop: WriteStop = {
  isOn: async () => (await giveOrder("read-only", {})).on,
  set: async (on) => {
    await giveOrder("read-only", { on });
  },
};

await asCommand(async () => {
  const { words, values } = readArguments(process.argv.slice(2), ["stage", "stage-file"]);
  const [command, ...more] = words;
  const isKnown = command === "on" || command === "off" || command === "status";
  if (!isKnown || more.length > 0) throw new ReleaseError(usage);
  const choice = { stage: values.stage?.at(-1), stageFile: values["stage-file"]?.at(-1) };
  const named = choice.stage ?? choice.stageFile;
  const writeStop = named === undefined ? localWriteStop : await open(await findStage(choice));
  if (command !== "status") await writeStop.set(command === "on");
  const name = named === undefined ? "the local host" : `stage ${named}`;
  if (!(await writeStop.isOn())) console.log(`${name} takes writes`);
  else console.log(`${name} is read-only; requests that run now may still write for 30 seconds`);
  return true;
});
