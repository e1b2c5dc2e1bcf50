/** The steps of a restore, with the names of a stage. */
import type { Stage } from "../stages/stage.ts";

/** The facts about a stage that the steps name. */
export interface PlanFacts {
  readonly stage: Stage;
  /** The table that the stage uses now. */
  readonly table: string;
  /** Id or ARN of the key of table and secrets. */
  readonly keyId: string;
  /** The moment to go back to; undefined means the latest possible one. */
  readonly to: Date | undefined;
  readonly now: Date;
}

/** `Portico-prod-20261121T201500Z`: a name that tells stage and moment. */
export function restoredNameOf({ stage, to, now }: Pick<PlanFacts, "stage" | "to" | "now">): string {
  return `Portico-${stage.name}-${wholeSeconds(to ?? now).replaceAll(/[-:]/g, "")}`;
}

function wholeSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** The steps as text, one command a line. */
export function restorePlan(facts: PlanFacts): readonly string[] {
  const { stage, table, keyId, to, now } = facts;
  const target = restoredNameOf(facts);
  const flag = `--stage ${stage.name}`;
  const moment = to === undefined ? "--use-latest-restorable-time" : `--restore-date-time ${wholeSeconds(to)}`;
  return [
    `Restore of stage ${stage.name}: ${table} → ${target}`,
    "",
    "1. Stop writes, and wait a minute until the running requests have ended.",
    `   npm run read-only -- on ${flag}`,
    "2. Restore the table. It takes about 20 minutes and more with its size.",
    `   aws dynamodb restore-table-to-point-in-time --source-table-name ${table} --target-table-name ${target} ${moment} --sse-specification-override Enabled=true,SSEType=KMS,KMSMasterKeyId=${keyId}`,
    `   aws dynamodb wait table-exists --table-name ${target}`,
    "3. Set what a restore leaves out: the stream, expiry, recovery, protection, tags.",
    `   npm run restore -- prepare ${flag} --table ${target}`,
    "4. See what is lost, and take over what keeps revoked access revoked. Keep the list.",
    `   npm run restore -- compare ${flag} --table ${target} --carry yes`,
    `5. Write into infra/stages/${stage.name}.ts, and commit:`,
    `   restoredTable: "${target}",`,
    `   restoredStream: "…", as step 3 has printed it,`,
    `   tokensFrom: "${wholeSeconds(now)}",`,
    "6. Deploy. The release serves all traffic at once, without a canary; all tokens and sessions end.",
    `   npm run deploy -- ${flag} --allow table-change`,
    "7. Check the stage, and allow writes.",
    `   npm run read-only -- status ${flag}`,
    `   npm run read-only -- off ${flag}`,
    "8. Do again what step 4 has listed, coupons and access first. Tell each partner its part.",
    `9. Keep ${table} until nobody needs it for a comparison. It costs its storage. Do not roll back to an older release: it uses it.`,
  ];
}
