/** Lambda runs this with the deliveries that are due: it sends events to webhook endpoints and records the attempts. */
import type { Context, SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { log } from "../shared/runtime/log.ts";
import { logError } from "../shared/runtime/log-error.ts";
import { createQueueClient, Queue } from "../shared/runtime/queue.ts";
import { Secrets } from "../shared/runtime/secrets.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";
import { deliverEvent, type DeliveryResult, type DeliveryTools } from "../shared/webhooks/deliver-event.ts";
import { parseMessage, type DeliveryMessage } from "../shared/webhooks/messages.ts";
import { sendWebhook } from "../shared/webhooks/send-webhook.ts";

const environment = readEnvironment(process.env, ["webhookKey"]);
const { TABLE_NAME, DELIVERY_QUEUE_URL, WEBHOOKS_TO_PRIVATE_ADDRESSES: toPrivateAddresses } = environment;
if (DELIVERY_QUEUE_URL === undefined) throw new Error("environment variables missing or wrong: DELIVERY_QUEUE_URL");
const queueUrl = DELIVERY_QUEUE_URL;
const client = createTableClient();
const queueClient = createQueueClient();
const operation = "webhook-delivery";

/** The messages of a batch are independent: each that fails comes again alone, and goes to the dead-letter queue in the end. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const deadline = Date.now() + context.getRemainingTimeInMillis() - 1000;
  const secrets = new Secrets(environment, deadline);
  const tools: DeliveryTools = {
    table: new Table(client, TABLE_NAME, deadline),
    queue: new Queue(queueClient, queueUrl, deadline),
    key: () => secrets.read("webhookKey"),
    send: (request) => sendWebhook(request, { toPrivateAddresses }),
    now: () => new Date(),
    random: Math.random,
  };
  const failures = await Promise.all(event.Records.map((record) => deliver(tools, record, context.awsRequestId)));
  return { batchItemFailures: failures.flatMap((failure) => failure ?? []) };
}

async function deliver(
  tools: DeliveryTools,
  { messageId, body }: SQSRecord,
  requestId: string,
): Promise<SQSBatchItemFailure | undefined> {
  try {
    const message = parseMessage(body);
    logResult(await deliverEvent(tools, message), message, requestId);
    return undefined;
  } catch (error) {
    logError(error, { requestId, operation });
    return { itemIdentifier: messageId };
  }
}

function logResult(result: DeliveryResult, message: DeliveryMessage, requestId: string): void {
  if (result.kind !== "attempted") return;
  const { partnerId: principalId, endpointId, deliveryId } = message;
  const { outcome, statusCode, durationMs } = result.attempt;
  log("info", "webhook_attempted", {
    requestId,
    operation,
    principalId,
    targetId: `${endpointId}/${deliveryId}`,
    latencyMs: durationMs,
    reason: outcome,
    ...(statusCode !== null && { status: statusCode }),
  });
  if (result.disabled === undefined) return;
  const reason = result.disabled;
  log("warn", "webhook_endpoint_disabled", { requestId, operation, principalId, targetId: endpointId, reason });
}
