/** Keys of events. */
import { shardOf, type Key, type Partition } from "../runtime/key.ts";
import type { StoredEvent } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const eventPartitions = { events: "EVENTS#*" } as const;

/** The beginning of the partition keys of all events, as the table's stream has them. */
export const eventPrefix = "EVENTS#";

/** The attribute that is set when an event is counted; nothing else of an event changes. */
export const countedAttributes = ["counted"] as const;

/** Ids sort by time, so all events of a moment are neighbours: one partition would limit the rate of a partner's changes. */
const shardCount = 4;

export const eventKey = {
  event: (partnerId: string, eventId: string): Key<StoredEvent> => ({
    pk: `EVENTS#${partnerId}#${shardOf(eventId, shardCount)}`,
    sk: eventId,
  }),
  /** All partitions of a partner's events. */
  shards: (partnerId: string): readonly Partition<StoredEvent>[] =>
    Array.from({ length: shardCount }, (_, shard) => ({ pk: `EVENTS#${partnerId}#${shard}` })),
} as const;
