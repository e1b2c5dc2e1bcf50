/** Removes the subscriptions of a deleted partner with their history. */
import type { Table } from "../runtime/table.ts";
import { subscriptionKey } from "./keys.ts";
import { historyKeys, subscriptionPages } from "./store.ts";

/** Commits by itself in many small steps. A repeated call continues where an interrupted one stopped. */
export async function removeSubscriptions(table: Table, partnerId: string): Promise<void> {
  for await (const { sortKeys: externalUserIds } of subscriptionPages(table, partnerId)) {
    // The history goes first: the subscription leads a repeated call to the rest of it.
    for (const externalUserId of externalUserIds) {
      for await (const keys of historyKeys(table, partnerId, externalUserId)) await table.remove(keys);
    }
    await table.remove(
      externalUserIds.map((externalUserId) => subscriptionKey.subscription(partnerId, externalUserId)),
    );
  }
}
