/**
 * `npm run migrate -- list | run NAME | status NAME [--stage STAGE]`: brings older items up to date, on the local host or on
 * a stage. An interrupted run continues where it stopped.
 */
import { migrationNames, migrations, type MigrationName } from "../../shared/migrations/contract.ts";
import { giveOrder } from "../local/commands/control.ts";
import { asCommand, readArguments, type Arguments } from "../release/arguments.ts";
import { openAccount } from "../release/aws.ts";
import { ReleaseError } from "../release/cloud.ts";
import { checkAccount } from "../release/deploy-checks.ts";
import { findStage } from "../stages/find-stage.ts";
import { invokerOf } from "./invoke.ts";
import { describe, runMigration, type Invoke } from "./migrations.ts";

/** With one run a second, about 200 users a second: a fraction of what the list's partition can serve. */
const rate = { maxEntries: 200, pauseMs: 1000 };

const usage = "npm run migrate -- list | run NAME | status NAME [--stage STAGE]";

function nameIn(word: string | undefined): MigrationName {
  const name = migrationNames.find((one) => one === word);
  if (name === undefined)
    throw new ReleaseError(`there is no migration ${word ?? "without a name"}: ${migrationNames.join(", ")}`);
  return name;
}

async function chooseInvoke({ values }: Arguments<"stage" | "stage-file">): Promise<Invoke> {
  const [stageName, stageFile] = [values.stage?.at(-1), values["stage-file"]?.at(-1)];
  if (stageName === undefined && stageFile === undefined) return async (event) => await giveOrder("migrate", { event });
  const stage = await findStage({ stage: stageName, stageFile });
  await checkAccount(stage, openAccount());
  return invokerOf(stage);
}

await asCommand(async () => {
  const given = readArguments(process.argv.slice(2), ["stage", "stage-file"]);
  const [command, word, ...more] = given.words;
  const isList = command === "list" && word === undefined;
  if (more.length > 0 || !(isList || command === "run" || command === "status")) throw new ReleaseError(usage);
  if (isList) {
    for (const name of migrationNames) console.log(`${name}: ${migrations[name].description}`);
    return true;
  }
  const name = nameIn(word);
  const invoke = await chooseInvoke(given);
  if (command === "status") {
    console.log(describe(await invoke({ action: "status", migration: name })));
    return true;
  }
  const answer = await runMigration(invoke, name, { ...rate, print: (line) => console.log(line) });
  console.log(answer.segments.length === 0 ? `${name}: there is nothing to do` : `${name}: done`);
  return true;
});
