/** Lambda runs this with the new events of the table: it queues a delivery for each webhook endpoint that wants one. */
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";
import { Problem } from "../shared/domain/problems.ts";
import { Bus, createBusClient } from "../shared/runtime/bus.ts";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { describeError, log } from "../shared/runtime/log.ts";
import { createQueueClient, Queue } from "../shared/runtime/queue.ts";
import { writtenItem } from "../shared/runtime/stream.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";
import { dispatchedOf, dispatchEvents, type Dispatched } from "../shared/webhooks/dispatch-events.ts";

const environment = readEnvironment(process.env);
const { TABLE_NAME, DELIVERY_QUEUE_URL, EVENT_BUS_NAME } = environment;
if (DELIVERY_QUEUE_URL === undefined) throw new Error("environment variables missing or wrong: DELIVERY_QUEUE_URL");
const queueUrl = DELIVERY_QUEUE_URL;
const client = createTableClient();
const queueClient = createQueueClient();
const busClient = EVENT_BUS_NAME === undefined ? undefined : createBusClient();
const operation = "webhook-dispatch";

/** A record that is reported as failed comes again with all that follow it. */
export async function handler(event: DynamoDBStreamEvent, context: Context): Promise<DynamoDBBatchResponse> {
  const requestId = context.awsRequestId;
  const deadline = Date.now() + context.getRemainingTimeInMillis() - 1000;
  const tools = {
    table: new Table(client, TABLE_NAME, deadline),
    queue: new Queue(queueClient, queueUrl, deadline),
    bus: busClient && new Bus(busClient, EVENT_BUS_NAME ?? "", deadline),
    now: () => new Date(),
  };
  try {
    const queued = await dispatchEvents(
      tools,
      event.Records.flatMap((record) => read(record, requestId)),
    );
    if (queued > 0) log("info", "webhooks_dispatched", { requestId, operation, reason: `${queued} deliveries` });
    return { batchItemFailures: [] };
  } catch (error) {
    const unavailable = error instanceof Problem;
    const code = unavailable ? "dependency_failed" : "internal_error";
    log("error", code, { requestId, operation, ...describeError(unavailable ? error.cause : error) });
    return { batchItemFailures: [{ itemIdentifier: event.Records[0]?.dynamodb?.SequenceNumber ?? "" }] };
  }
}

/** An item that is none of ours must not stop the others: it is logged, and left out. */
function read(record: DynamoDBStreamEvent["Records"][number], requestId: string): readonly Dispatched[] {
  const item = writtenItem(record);
  const dispatched = item && dispatchedOf(item);
  if (dispatched !== undefined) return [dispatched];
  log("error", "internal_error", { requestId, operation, reason: "unknown_item" });
  return [];
}
