/** Lambda runs this with the new events of the table: it queues a delivery for each webhook endpoint that wants one. */
import { Bus, createBusClient } from "../shared/runtime/bus.ts";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { createQueueClient, Queue } from "../shared/runtime/queue.ts";
import { streamHandler } from "../shared/runtime/stream.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";
import { dispatchedOf, dispatchEvents } from "../shared/webhooks/dispatch-events.ts";

const environment = readEnvironment(process.env);
const { TABLE_NAME, DELIVERY_QUEUE_URL, EVENT_BUS_NAME } = environment;
if (DELIVERY_QUEUE_URL === undefined) throw new Error("environment variables missing or wrong: DELIVERY_QUEUE_URL");
const queueUrl = DELIVERY_QUEUE_URL;
const client = createTableClient();
const queueClient = createQueueClient();
const busClient = EVENT_BUS_NAME === undefined ? undefined : createBusClient();

export const handler = streamHandler({
  operation: "webhook-dispatch",
  entryOf: dispatchedOf,
  work: (batch, deadline) =>
    dispatchEvents(
      {
        table: new Table(client, TABLE_NAME, deadline),
        queue: new Queue(queueClient, queueUrl, deadline),
        bus: busClient && new Bus(busClient, EVENT_BUS_NAME ?? "", deadline),
        now: () => new Date(),
      },
      batch,
    ),
  done: { code: "webhooks_dispatched", things: "deliveries" },
});
