/** Lambda runs this with the new events of subscriptions: it adds them to the counts that `GET /v1/usage` shows. */
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";
import { Problem } from "../shared/domain/problems.ts";
import { ownedEventOf } from "../shared/events/owned-event.ts";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { describeError, log } from "../shared/runtime/log.ts";
import { writtenItem } from "../shared/runtime/stream.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";
import { countEvents } from "../shared/usage/count-events.ts";

const { TABLE_NAME } = readEnvironment(process.env);
const client = createTableClient();
const operation = "usage-count";

/** Events that were counted by a failed run are marked, so the whole batch may come again. */
export async function handler(event: DynamoDBStreamEvent, context: Context): Promise<DynamoDBBatchResponse> {
  const requestId = context.awsRequestId;
  const table = new Table(client, TABLE_NAME, Date.now() + context.getRemainingTimeInMillis() - 1000);
  try {
    const counted = await countEvents(
      table,
      event.Records.flatMap((record) => {
        const item = writtenItem(record);
        const owned = item && ownedEventOf(item);
        if (owned !== undefined) return [owned];
        log("error", "internal_error", { requestId, operation, reason: "unknown_item" });
        return [];
      }),
    );
    if (counted > 0) log("info", "events_counted", { requestId, operation, reason: `${counted} events` });
    return { batchItemFailures: [] };
  } catch (error) {
    const unavailable = error instanceof Problem;
    const code = unavailable ? "dependency_failed" : "internal_error";
    log("error", code, { requestId, operation, ...describeError(unavailable ? error.cause : error) });
    return { batchItemFailures: [{ itemIdentifier: event.Records[0]?.dynamodb?.SequenceNumber ?? "" }] };
  }
}
