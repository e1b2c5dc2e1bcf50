/**
 * Counts what the events of subscriptions say. The table's stream brings each event at least once, so the transaction that adds
 * to the counts also marks the events: one that comes again fails the condition on its mark, and is left out.
 */
import type { EventType, StoredEvent } from "../events/model.ts";
import type { OwnedEvent } from "../events/owned-event.ts";
import { syntheticPartnerId } from "../partners/synthetic-partner.ts";
import { dayOf } from "../runtime/day-counts.ts";
import type { Table } from "../runtime/table.ts";
import type { SubscriptionCount } from "./model.ts";
import { AlreadyCounted, countedMarks, subscriptionsAddition } from "./store.ts";

/** What the events of a type add to, beside the number of live subscriptions. */
const countOf: Partial<Readonly<Record<EventType, SubscriptionCount>>> = {
  "subscription.created": "created",
  "subscription.extended": "extended",
  "subscription.cancelled": "cancelled",
  "subscription.expired": "expired",
};

/** DynamoDB takes 100 items in a transaction; four of them are counts. */
const maxEvents = 96;

/**
 * @returns how many events were counted now
 * @throws Problem `unavailable`; some may have been counted by then
 */
export async function countEvents(table: Pick<Table, "commit">, batch: readonly OwnedEvent[]): Promise<number> {
  let counted = 0;
  // One after the other: the counts of all partners are few items, which parallel transactions would fight for.
  for (const group of groupsOf(batch)) counted += await countGroup(table, group);
  return counted;
}

interface Group {
  readonly partnerId: string;
  readonly day: string;
  readonly events: readonly StoredEvent[];
}

/** The events of a partner and day that change a count, each of them once. */
function groupsOf(batch: readonly OwnedEvent[]): readonly Group[] {
  const groups = new Map<string, { partnerId: string; day: string; events: Map<string, StoredEvent> }>();
  for (const { partnerId, event } of batch) {
    if (countsOf([event]).size === 0) continue;
    const day = dayOf(Date.parse(event.createdAt));
    const name = `${partnerId} ${day}`;
    const group = groups.get(name) ?? { partnerId, day, events: new Map<string, StoredEvent>() };
    groups.set(name, group);
    group.events.set(event.id, event);
  }
  return [...groups.values()].flatMap(({ partnerId, day, events }) =>
    slicesOf([...events.values()]).map((slice) => ({ partnerId, day, events: slice })),
  );
}

function slicesOf(events: readonly StoredEvent[]): readonly (readonly StoredEvent[])[] {
  return Array.from({ length: Math.ceil(events.length / maxEvents) }, (_, index) =>
    events.slice(index * maxEvents, (index + 1) * maxEvents),
  );
}

async function countGroup(table: Pick<Table, "commit">, { partnerId, day, events }: Group): Promise<number> {
  let left = events;
  while (left.length > 0) {
    try {
      // What the synthetic partner buys to test the API, or a partner in its sandbox, is no sale.
      const addition = { counts: countsOf(left), forAll: partnerId !== syntheticPartnerId && !left.some(isTest) };
      const ids = left.map(({ id }) => id);
      await table.commit([...countedMarks(partnerId, ids), ...subscriptionsAddition(partnerId, day, addition)]);
      return left.length;
    } catch (error) {
      if (!(error instanceof AlreadyCounted)) throw error;
      // Each turn leaves out at least one.
      left = left.filter(({ id }) => !error.eventIds.has(id));
    }
  }
  return 0;
}

/** What events add, without what they leave as it is. */
function countsOf(events: readonly StoredEvent[]): ReadonlyMap<SubscriptionCount, number> {
  const counts = new Map<SubscriptionCount, number>();
  const add = (name: SubscriptionCount, count: number) => counts.set(name, (counts.get(name) ?? 0) + count);
  for (const event of events) {
    const name = countOf[event.type];
    if (name !== undefined) add(name, 1);
    if ("liveChange" in event && event.liveChange !== undefined) add("live", event.liveChange);
  }
  // An event that changes `live` alone may be outweighed by another one: it is marked all the same.
  return counts;
}

function isTest(event: StoredEvent): boolean {
  return "sandbox" in event && event.sandbox === true;
}
