/** Events as the table's stream brings them. */
import * as z from "zod";
import type { Item } from "../runtime/table.ts";
import type { StoredEvent } from "./model.ts";

/** An event with its partner. */
export interface OwnedEvent {
  readonly partnerId: string;
  readonly event: StoredEvent;
}

const eventKeys = z.object({ pk: z.string().startsWith("EVENTS#"), id: z.string(), type: z.string() });

/** Reads an item of the table's stream; undefined for one that is no event. */
export function ownedEventOf(item: Item): OwnedEvent | undefined {
  const partnerId = eventKeys.safeParse(item).data?.pk.split("#")[1];
  return partnerId === undefined ? undefined : { partnerId, event: item as unknown as StoredEvent };
}
