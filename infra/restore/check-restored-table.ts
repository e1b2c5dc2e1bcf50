/** The check before a stage is deployed on a restored table. */
import { ReleaseError } from "../release/cloud.ts";
import { indexNames } from "../stacks/data-stack.ts";
import type { Stage } from "../stages/stage.ts";
import { openStageData } from "./stage-data.ts";
import { missingProtection, RestoreTables } from "./tables.ts";

/**
 * Checks that the table that a stage names is ready: index, expiry, recovery, protection and key.
 *
 * @throws ReleaseError in one line that says what is missing
 */
export async function checkRestoredTable(
  stage: Stage,
  tables: Pick<RestoreTables, "protectionOf"> = new RestoreTables(),
  keyIdOf: (stage: Stage) => Promise<string> = async (known) => (await openStageData(known)).keyId,
): Promise<void> {
  const { restoredTable: name } = stage;
  if (name === undefined) return;
  const [found, keyId] = await Promise.all([tables.protectionOf(name), keyIdOf(stage)]);
  const missing = missingProtection(found, { stage, keyId, indexNames });
  if (missing.length > 0) throw new ReleaseError(`the table ${name} is not ready: ${missing.join("; ")}`);
}
