/** Reads and writes of events. An event is written in the transaction of its change; later, only its mark as counted is set. */
import type { Author } from "../contract/author.ts";
import { beforeIdsFrom, newId } from "../domain/ids.ts";
import { filterShards } from "../runtime/shards.ts";
import type { ConditionalWrite, Page, PageRequest, Table } from "../runtime/table.ts";
import { putAbsent } from "../runtime/writes.ts";
import { eventKey } from "./keys.ts";
import { forgottenFrom, type EventRequest, type EventType, type Occurrence, type StoredEvent } from "./model.ts";

/** Writes the event of a change. @param at when it happened, on the test clock of a sandbox; by default now */
export function eventWrite(
  { partnerId, now, request }: Pick<Author, "partnerId" | "now" | "request">,
  occurrence: Occurrence,
  at: Date = now,
): ConditionalWrite {
  return eventPut(partnerId, newEvent(occurrence, { now, at, request }));
}

/** Writes the event that time has passed. @param at when it happened, on the test clock of a sandbox; by default now */
export function passageWrite(partnerId: string, occurrence: Occurrence, now: Date, at: Date = now): ConditionalWrite {
  return eventPut(partnerId, newEvent(occurrence, { now, at, request: null }));
}

/** An event that is still to be written. It is kept by the real time, whatever a test clock shows. */
export function newEvent(
  occurrence: Occurrence,
  { now, at = now, request }: { readonly now: Date; readonly at?: Date; readonly request: EventRequest | null },
): StoredEvent {
  const id = newId("evt_", at);
  return { id, createdAt: at.toISOString(), request, ...occurrence, ttl: forgottenFrom(now) };
}

/** Writes an event whose id the caller needs; for all others there is `eventWrite`. */
export function eventPut(partnerId: string, event: StoredEvent): ConditionalWrite {
  return putAbsent(eventKey.event(partnerId, event.id), event);
}

/** An event of a partner; undefined for one that is no longer shown. */
export async function findEvent(
  table: Table,
  partnerId: string,
  eventId: string,
  now: Date,
): Promise<StoredEvent | undefined> {
  const event = await table.get(eventKey.event(partnerId, eventId));
  return event !== undefined && isShown(event, now) ? event : undefined;
}

/** DynamoDB deletes late. By `ttl`, because an event of a sandbox may have any time. */
function isShown({ ttl }: StoredEvent, now: Date): boolean {
  return ttl * 1000 > now.getTime();
}

export interface EventFilters {
  readonly type?: EventType | undefined;
  readonly createdFrom?: Date | undefined;
  readonly createdBefore?: Date | undefined;
  readonly now: Date;
}

/** A page of a partner's events, newest first. It may be short although more follow. */
export async function listEvents(
  table: Table,
  partnerId: string,
  { type, createdFrom, createdBefore, now }: EventFilters,
  page: PageRequest,
): Promise<Pick<Page<StoredEvent>, "items" | "lastKey">> {
  const from = createdFrom === undefined ? undefined : beforeIdsFrom("evt_", createdFrom);
  const end = createdBefore === undefined ? undefined : beforeIdsFrom("evt_", createdBefore);
  const range = { partitions: eventKey.shards(partnerId), from, after: page.after ?? end, limit: page.limit };
  return await filterShards(
    table,
    range,
    (event) => isShown(event, now) && (type === undefined || event.type === type),
  );
}
