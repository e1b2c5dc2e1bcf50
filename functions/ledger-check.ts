/** EventBridge runs this at a rate: it checks a part of the ledger and of the coupons' stock, and logs what does not add up. */
import type { Context } from "aws-lambda";
import { ConcurrencyConflict } from "../shared/domain/conflict.ts";
import { checkLedger } from "../shared/ledger/check-ledger.ts";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { log } from "../shared/runtime/log.ts";
import { logError } from "../shared/runtime/log-error.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";

const environment = readEnvironment(process.env);
const client = createTableClient();
const operation = "ledger-check";

/** With one run in five minutes, about ten items a second. */
const maxItems = 3000;

/** @throws Error where the check cannot go on: an alarm rings when no run succeeds for some time */
export async function handler(_event: unknown, context: Context): Promise<void> {
  const requestId = context.awsRequestId;
  const table = new Table(client, environment.TABLE_NAME, Date.now() + context.getRemainingTimeInMillis() - 1000);
  try {
    const run = await checkLedger(table, { now: () => new Date(), maxItems, pauseMs: 1000 });
    for (const { id, reason } of run.differences) {
      log("error", "ledger_differs", { requestId, operation, targetId: id, reason });
    }
    if (run.roundEnded) log("info", "ledger_checked", { requestId, operation });
  } catch (error) {
    // EventBridge may deliver an event twice, and the other run has done this part.
    if (error instanceof ConcurrencyConflict) return;
    logError(error, { requestId, operation });
    throw error;
  }
}
