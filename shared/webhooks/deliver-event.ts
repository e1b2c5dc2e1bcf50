/**
 * Makes the attempt that a message asks for, records it, and queues the next one. A function that dies in between leaves its
 * message in the queue: before the record, the endpoint gets the event again with the same `webhook-id`; after it, only what is
 * missing is done.
 */
import { randomUUID } from "node:crypto";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { StoredEvent } from "../events/model.ts";
import type { Queue } from "../runtime/queue.ts";
import type { Table } from "../runtime/table.ts";
import { attemptAddition } from "./attempt-counts.ts";
import { queued, type DeliveryMessage } from "./messages.ts";
import type {
  DisabledReason,
  EndpointHealth,
  SlotName,
  StoredAttempt,
  StoredDelivery,
  StoredEndpoint,
  StoredEndpointSecrets,
} from "./model.ts";
import {
  disableEndpoint,
  freeSlot,
  giveUp,
  newDelivery,
  nextStep,
  reasonToDisable,
  recordAttempt,
  retryAfterOf,
  slotMark,
  slotWaitSeconds,
} from "./rules.ts";
import type { SendResult, WebhookRequest } from "./send-webhook.ts";
import { signatureHeaders } from "./signatures.ts";
import {
  deliveryRecord,
  endpointDisabling,
  findDelivery,
  healthUpdate,
  readDeliveryState,
  slotRelease,
  SlotTaken,
  slotTaking,
} from "./store.ts";
import { webhookBody } from "./view.ts";

export interface DeliveryTools {
  readonly table: Table;
  readonly queue: Pick<Queue, "send">;
  /** The secret `webhookKey`. */
  readonly key: () => Promise<string>;
  readonly send: (request: WebhookRequest) => Promise<SendResult>;
  readonly now: () => Date;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** What became of a message. */
export type DeliveryResult =
  /** It was not due yet, or the endpoint had no free slot: it waits in the queue again. */
  | { readonly kind: "waiting" }
  /** Nothing was left to do, or nobody wants the event any more. */
  | { readonly kind: "skipped" }
  | { readonly kind: "attempted"; readonly attempt: StoredAttempt; readonly disabled?: DisabledReason };

/** SQS counts its delay from its own moment. */
const earlyMs = 1000;

/** @throws Problem `unavailable`: the message has to come again */
export async function deliverEvent(tools: DeliveryTools, message: DeliveryMessage): Promise<DeliveryResult> {
  const { table, queue, now } = tools;
  if (new Date(message.dueAt).getTime() - now().getTime() > earlyMs) {
    await queue.send([queued(message, now())]);
    return { kind: "waiting" };
  }
  const state = await readDeliveryState(table, message);
  const { event, endpoint, secrets } = state;
  if (event === undefined || endpoint === undefined || secrets === undefined) return { kind: "skipped" };
  if (!state.partnerIsActive || endpoint.status !== "enabled") {
    await abandon(table, message, await findDelivery(table, message));
    return { kind: "skipped" };
  }
  const slot = await takeSlot(tools, message, state.health);
  if (slot === undefined) {
    const wait = slotWaitSeconds(message.waits, tools.random());
    await queue.send([queued({ ...message, waits: message.waits + 1 }, now(), wait)]);
    return { kind: "waiting" };
  }
  // While this message holds the slot, no other one of the same delivery makes an attempt.
  const delivery = await findDelivery(table, message);
  const step = nextStep(delivery ?? newDelivery(event, endpoint.id), message);
  if (step.kind === "attempt") {
    return await attemptDelivery(tools, { message, slot, event, endpoint, secrets, delivery });
  }
  await settleHealth(table, endpoint.id, slot, undefined);
  if (step.kind === "continue") await queueNext(tools, message, step.at);
  return { kind: "skipped" };
}

interface Slot {
  readonly name: SlotName;
  readonly mark: string;
}

/** Takes a free slot of the endpoint; undefined if it has none. */
async function takeSlot(
  { table, now }: DeliveryTools,
  { endpointId, deliveryId }: DeliveryMessage,
  read: EndpointHealth,
): Promise<Slot | undefined> {
  const mark = slotMark(deliveryId, randomUUID(), now());
  let health = read;
  for (;;) {
    const name = freeSlot(health, deliveryId, now());
    if (name === undefined) return undefined;
    try {
      await table.update(slotTaking(endpointId, { name, mark }, deliveryId, now()));
      return { name, mark };
    } catch (error) {
      if (!(error instanceof SlotTaken)) throw error;
      // Each turn, somebody else has got one: there are few, so this ends soon.
      health = error.health;
    }
  }
}

/** An attempt that may begin. */
interface Attempt {
  readonly message: DeliveryMessage;
  readonly slot: Slot;
  readonly event: StoredEvent;
  readonly endpoint: StoredEndpoint;
  readonly secrets: StoredEndpointSecrets;
  /** As it was read; undefined before the first attempt. */
  readonly delivery: StoredDelivery | undefined;
}

async function attemptDelivery(tools: DeliveryTools, planned: Attempt): Promise<DeliveryResult> {
  const { table, now } = tools;
  const { message, slot, endpoint } = planned;
  const made = await callEndpoint(tools, planned);
  const { attempt } = made;
  const recorded = await record(tools, planned, made);
  const health = await settleHealth(table, endpoint.id, slot, attempt);
  const reason = reasonToDisable(attempt.outcome, health, now());
  if (reason !== undefined) {
    await disable(tools, message, endpoint, reason);
    await abandon(table, message, recorded);
    return { kind: "attempted", attempt, disabled: reason };
  }
  const next = recorded && nextStep(recorded, message);
  if (next?.kind === "continue") await queueNext(tools, message, next.at);
  return { kind: "attempted", attempt };
}

interface MadeAttempt {
  readonly attempt: StoredAttempt;
  readonly retryAfterSeconds: number | undefined;
}

async function callEndpoint({ key, send, now }: DeliveryTools, planned: Attempt): Promise<MadeAttempt> {
  const { message, event, endpoint, secrets } = planned;
  const body = webhookBody(event);
  const owner = { endpointId: endpoint.id, key: await key() };
  const at = now();
  const headers = {
    "content-type": "application/json",
    "user-agent": "Portico-Webhooks/1",
    ...signatureHeaders({ id: event.id, body }, secrets, owner, at),
  };
  const { outcome, statusCode, retryAfter } = await send({ url: endpoint.url, headers, body });
  const end = now();
  const { redelivery } = message;
  return {
    attempt: {
      at: at.toISOString(),
      statusCode,
      durationMs: end.getTime() - at.getTime(),
      outcome,
      ...(redelivery !== undefined && { redelivery }),
    },
    retryAfterSeconds: statusCode === null ? undefined : retryAfterOf(statusCode, retryAfter, end),
  };
}

/**
 * Adds the attempt to the delivery, and counts it in the same transaction. After a conflict, somebody else has made the same attempt, whose record counts, or a
 * different one, beside which this one is recorded.
 *
 * @returns the delivery as it is kept; undefined if it was removed meanwhile
 */
async function record(
  { table, random }: DeliveryTools,
  { message, event, endpoint, delivery }: Attempt,
  { attempt, retryAfterSeconds }: MadeAttempt,
): Promise<StoredDelivery | undefined> {
  let before = delivery;
  for (;;) {
    const current = before ?? newDelivery(event, endpoint.id);
    const after = recordAttempt(current, attempt, { retryAfterSeconds, random: random() });
    try {
      const counted = { at: attempt.at, succeeded: attempt.outcome === "succeeded" };
      await table.commit([
        deliveryRecord(endpoint.id, before, after),
        attemptAddition(message.partnerId, after.id, counted),
      ]);
      return after;
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict)) throw error;
    }
    before = await findDelivery(table, message);
    if (before === undefined || nextStep(before, message).kind !== "attempt") return before;
  }
}

/**
 * Releases the slot, and records what the attempt says about the endpoint's health. A slot that was held too long belongs to somebody else.
 *
 * @param attempt undefined if none was made
 */
async function settleHealth(
  table: Table,
  endpointId: string,
  slot: Slot,
  attempt: StoredAttempt | undefined,
): Promise<EndpointHealth> {
  try {
    return await table.update(slotRelease(endpointId, slot, attempt));
  } catch (error) {
    if (!(error instanceof ConcurrencyConflict)) throw error;
  }
  return attempt === undefined ? {} : await table.update(healthUpdate(endpointId, attempt));
}

/** Disables the endpoint, with its event, unless that has happened meanwhile. */
async function disable(
  { table, now }: DeliveryTools,
  message: DeliveryMessage,
  read: StoredEndpoint,
  reason: DisabledReason,
): Promise<void> {
  let current: StoredEndpoint | undefined = read;
  while (current?.status === "enabled") {
    const moment = now();
    const after = disableEndpoint(current, reason, moment);
    try {
      await table.commit(endpointDisabling(message.partnerId, current, after, moment));
      return;
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict)) throw error;
    }
    ({ endpoint: current } = await readDeliveryState(table, message));
  }
}

/** Ends the schedule of a delivery to an endpoint that is disabled. */
async function abandon(table: Table, message: DeliveryMessage, delivery: StoredDelivery | undefined): Promise<void> {
  if (delivery?.status !== "pending" || message.redelivery !== undefined) return;
  try {
    await table.update(deliveryRecord(message.endpointId, delivery, giveUp(delivery)));
  } catch (error) {
    // Somebody else has seen it, too.
    if (!(error instanceof ConcurrencyConflict)) throw error;
  }
}

async function queueNext({ queue, now }: DeliveryTools, message: DeliveryMessage, dueAt: string): Promise<void> {
  await queue.send([queued({ ...message, number: message.number + 1, dueAt, waits: 0 }, now())]);
}
