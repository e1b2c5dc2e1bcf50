/** Removes the webhook endpoints of a deleted partner, with their secrets and deliveries. */
import type { Table } from "../runtime/table.ts";
import { webhookKey } from "./keys.ts";
import { allEndpoints, deliveryKeys } from "./store.ts";

/** Commits by itself in many small steps. A repeated call continues where an interrupted one stopped. */
export async function removeEndpoints(table: Table, partnerId: string): Promise<void> {
  for (const { id } of await allEndpoints(table, partnerId)) {
    // First of all, so that nothing is signed any more. The endpoint goes last: it leads a repeated call to the rest.
    await table.remove([webhookKey.secrets(id), webhookKey.health(id)]);
    for await (const keys of deliveryKeys(table, id)) await table.remove(keys);
    await table.remove([webhookKey.endpoint(partnerId, id)]);
  }
  await table.remove([webhookKey.count(partnerId)]);
}
