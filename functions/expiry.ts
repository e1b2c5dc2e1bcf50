/** EventBridge runs this every minute: it announces the subscriptions that are about to expire, and those that have. */
import type { Context } from "aws-lambda";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { log } from "../shared/runtime/log.ts";
import { logError } from "../shared/runtime/log-error.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";
import { announceExpiries } from "../shared/subscriptions/announce-expiries.ts";

const environment = readEnvironment(process.env);
const client = createTableClient();
const operation = "expiry";

/** The notices of the minute until the next run. */
const aheadMs = 60_000;

/** The promise to partners: an event follows its moment within a minute. */
const promisedMs = 60_000;

/** @throws Error where the run cannot go on: an alarm rings when no run succeeds for some time */
export async function handler(_event: unknown, context: Context): Promise<void> {
  const requestId = context.awsRequestId;
  const end = Date.now() + context.getRemainingTimeInMillis();
  const table = new Table(client, environment.TABLE_NAME, end - 1000);
  try {
    const now = (): Date => new Date();
    const run = await announceExpiries(table, { now, until: Date.now() + aheadMs, deadline: end - 3000 });
    if (run.latestMs > promisedMs) {
      log("error", "expiry_behind", {
        requestId,
        operation,
        reason: `${Math.round(run.latestMs / 1000)} seconds late`,
      });
    }
    if (run.announced > 0) {
      log("info", "expiry_announced", { requestId, operation, reason: `${run.announced} notices` });
    }
  } catch (error) {
    logError(error, { requestId, operation });
    throw error;
  }
}
