/**
 * Queues the deliveries of what was written: of each new event, one for every endpoint of the partner that wants it. The same
 * record may come twice, and both make the same deliveries.
 */
import * as z from "zod";
import { ownedEventOf, type OwnedEvent } from "../events/owned-event.ts";
import { viewEvent } from "../events/view.ts";
import { identityKey } from "../identity/keys.ts";
import type { Bus, BusEntry } from "../runtime/bus.ts";
import type { Queue } from "../runtime/queue.ts";
import type { Item, Table } from "../runtime/table.ts";
import { queued, type DeliveryMessage } from "./messages.ts";
import type { StoredEndpoint, StoredRedelivery } from "./model.ts";
import { deliveryIdOf, wants } from "./rules.ts";
import { allEndpoints } from "./store.ts";

export interface DispatchTools {
  readonly table: Table;
  readonly queue: Pick<Queue, "send">;
  /** Absent on a stage without a bus. */
  readonly bus?: Pick<Bus, "put"> | undefined;
  readonly now: () => Date;
}

/** What an item of the stream means. */
export type Dispatched =
  ({ readonly kind: "event" } & OwnedEvent) | { readonly kind: "redelivery"; readonly redelivery: StoredRedelivery };

const redeliveryKeys = z.object({ pk: z.string().startsWith("WEBHOOK-REDELIVERIES#"), deliveryId: z.string() });

/** Reads an item of the stream; undefined for one that is none of ours. */
export function dispatchedOf(item: Item): Dispatched | undefined {
  if (redeliveryKeys.safeParse(item).success) {
    return { kind: "redelivery", redelivery: item as unknown as StoredRedelivery };
  }
  const owned = ownedEventOf(item);
  return owned && { kind: "event", ...owned };
}

/**
 * Webhooks first: a bus that does not accept events repeats the batch, and repeated messages do no harm.
 *
 * @returns how many deliveries were queued
 * @throws Problem `unavailable`; some may have been queued by then
 */
export async function dispatchEvents(tools: DispatchTools, batch: readonly Dispatched[]): Promise<number> {
  const { table, queue, bus, now } = tools;
  const events = batch.filter((dispatched) => dispatched.kind === "event");
  const partnerIds = [...new Set(events.map(({ partnerId }) => partnerId))];
  const endpoints = new Map(
    await Promise.all(partnerIds.map(async (id) => [id, await allEndpoints(table, id)] as const)),
  );
  const messages = batch.flatMap((dispatched) =>
    dispatched.kind === "redelivery"
      ? [messageOfRedelivery(dispatched.redelivery, now())]
      : messagesOf(dispatched, endpoints.get(dispatched.partnerId) ?? [], now()),
  );
  await queue.send(messages.map((message) => queued(message, now())));
  if (bus !== undefined) {
    const sandboxes = await findSandboxes(table, partnerIds);
    await bus.put(events.filter(({ partnerId }) => !sandboxes.has(partnerId)).map(entryOf));
  }
  return messages.length;
}

/** Those of the partners that are sandboxes: the company's own systems would take their sales for real ones. */
async function findSandboxes(table: Table, partnerIds: readonly string[]): Promise<ReadonlySet<string>> {
  const states = await table.getAll(partnerIds.map(identityKey.principal));
  return new Set(
    partnerIds.filter((_, index) => {
      const state = states[index];
      return state?.kind === "partner" && state.testClock !== undefined;
    }),
  );
}

function messagesOf(
  { partnerId, event }: OwnedEvent,
  endpoints: readonly StoredEndpoint[],
  now: Date,
): readonly DeliveryMessage[] {
  const receivers = endpoints.filter((endpoint) => wants(endpoint, event));
  return receivers.map(({ id: endpointId }) => ({
    partnerId,
    endpointId,
    eventId: event.id,
    deliveryId: deliveryIdOf(event.id, endpointId),
    number: 1,
    dueAt: now.toISOString(),
    waits: 0,
  }));
}

function messageOfRedelivery(redelivery: StoredRedelivery, now: Date): DeliveryMessage {
  const { id, partnerId, endpointId, eventId, deliveryId } = redelivery;
  const dueAt = now.toISOString();
  return { partnerId, endpointId, eventId, deliveryId, number: 1, dueAt, waits: 0, redelivery: id };
}

/** Raised when a member of `detail` changes its meaning or goes away. */
const busSchemaVersion = 1;

/** The event as the company's own systems get it. */
function entryOf({ partnerId, event }: OwnedEvent): BusEntry {
  return {
    source: "portico",
    detailType: event.type,
    time: new Date(event.createdAt),
    detail: JSON.stringify({ schemaVersion: busSchemaVersion, partnerId, event: viewEvent(event) }),
  };
}
