/**
 * `npm run restore -- plan | prepare | compare --stage prod`: prints the steps of a restore, protects a restored table, and compares
 * it with the table that the stage uses.
 */
import { asCommand, readArguments } from "../release/arguments.ts";
import { openAccount } from "../release/aws.ts";
import { ReleaseError } from "../release/cloud.ts";
import { checkAccount } from "../release/deploy-checks.ts";
import { indexNames } from "../stacks/data-stack.ts";
import { findStage } from "../stages/find-stage.ts";
import type { Stage } from "../stages/stage.ts";
import { carriedItems, compareTables, describeLosses } from "./compare.ts";
import { restorePlan } from "./plan.ts";
import { openStageData } from "./stage-data.ts";
import { missingProtection, RestoreTables } from "./tables.ts";

const usage =
  "npm run restore -- plan [--to TIME] | prepare --table NAME | compare --table NAME [--from NAME] [--carry yes], each with --stage STAGE";

interface Request {
  readonly stage: Stage;
  /** Name of the restored table. */
  readonly table: string | undefined;
  /** Name of today's table; undefined means the one that the stage uses. */
  readonly from: string | undefined;
  /** The moment to go back to; undefined means the latest possible one. */
  readonly to: Date | undefined;
  readonly carry: boolean;
}

function required(table: string | undefined): string {
  if (table === undefined) throw new ReleaseError(usage);
  return table;
}

function momentOf(to: string | undefined): Date | undefined {
  if (to === undefined) return undefined;
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(to) && !Number.isNaN(Date.parse(to));
  if (!isTime) throw new ReleaseError(`--to ${to} is no time: write it as 2026-11-21T20:15:00Z`);
  return new Date(to);
}

const commands: Readonly<Record<string, (request: Request) => Promise<boolean>>> = {
  plan: async ({ stage, to }) => {
    const { table, keyId } = await openStageData(stage);
    for (const line of restorePlan({ stage, table, keyId, to, now: new Date() })) console.log(line);
    return true;
  },
  prepare: async ({ stage, table }) => {
    const name = required(table);
    const tables = new RestoreTables();
    await tables.protect(name, stage);
    const { keyId } = await openStageData(stage);
    const found = await tables.protectionOf(name);
    const missing = missingProtection(found, { stage, keyId, indexNames });
    for (const line of missing) console.error(`${name}: ${line}`);
    if (missing.length === 0) console.log(`${name} is ready; restoredStream: "${found.streamArn}"`);
    return missing.length === 0;
  },
  compare: async ({ stage, table, from, carry }) => {
    const restored = required(table);
    const today = from ?? (await openStageData(stage)).table;
    if (today === restored)
      throw new ReleaseError(`stage ${stage.name} uses ${restored}: name today's table with --from`);
    const tables = new RestoreTables();
    const [now, before] = await Promise.all([tables.items(today), tables.items(restored)]);
    for (const line of describeLosses(compareTables(now, before))) console.log(line);
    if (!carry) return true;
    if (stage.restoredTable === restored)
      throw new ReleaseError(`${restored} is in use: nothing may be carried over any more`);
    const items = carriedItems(now, before);
    await tables.put(restored, items);
    console.log(
      `${items.length} items were carried over: access is as it was today, and coupons with losses are inactive`,
    );
    return true;
  },
};

await asCommand(async () => {
  const { words, values } = readArguments(process.argv.slice(2), [
    "stage",
    "stage-file",
    "table",
    "from",
    "to",
    "carry",
  ]);
  const command = words.length === 1 ? commands[words[0] ?? ""] : undefined;
  if (command === undefined || (values.stage ?? values["stage-file"]) === undefined) throw new ReleaseError(usage);
  const stage = await findStage({ stage: values.stage?.at(-1), stageFile: values["stage-file"]?.at(-1) });
  if (values.carry !== undefined && values.carry.at(-1) !== "yes") throw new ReleaseError(usage);
  const to = momentOf(values.to?.at(-1));
  await checkAccount(stage, openAccount());
  return await command({
    stage,
    table: values.table?.at(-1),
    from: values.from?.at(-1),
    to,
    carry: values.carry !== undefined,
  });
});
