/** The messages of the queue: each asks for one attempt of a delivery. */
import * as z from "zod";
import { maxDelaySeconds, type QueueMessage } from "../runtime/queue.ts";

const messageSchema = z.object({
  partnerId: z.string(),
  endpointId: z.string(),
  eventId: z.string(),
  deliveryId: z.string(),
  /** Counts the attempts of the schedule, from 1. */
  number: z.int().min(1),
  /** Nobody calls the endpoint before it: RFC 3339. */
  dueAt: z.iso.datetime(),
  /** How often the message has waited for a slot of its endpoint. */
  waits: z.int().min(0),
  /** Id of the request for an attempt by hand. */
  redelivery: z.string().optional(),
});

export type DeliveryMessage = z.output<typeof messageSchema>;

/** @throws Error for a text that is no message */
export function parseMessage(text: string): DeliveryMessage {
  return messageSchema.parse(JSON.parse(text));
}

/** The message for the queue. One that is due later than SQS can delay it waits in several hops. */
export function queued(message: DeliveryMessage, now: Date, delaySeconds = 0): QueueMessage {
  const untilDue = Math.ceil((new Date(message.dueAt).getTime() - now.getTime()) / 1000);
  const delay = Math.min(maxDelaySeconds, Math.max(0, untilDue, delaySeconds));
  return { body: JSON.stringify(message), group: message.endpointId, delaySeconds: delay };
}
