/** The table of a running host. */
import type { TableLocation } from "../../infra/local/services/table-contents.ts";
import type { Host } from "../../infra/local/host.ts";
import type { Change, Item } from "../../shared/runtime/table.ts";
import { planting } from "./outside.ts";

/**
 * Every item of a running host's table, but for counts. Copies, because strict assertions compare prototypes.
 *
 * @param partition by default the whole table, which takes long on a host that many files share
 */
export async function contentsOf(host: TableLocation, partition?: string): Promise<Item[]> {
  const items = await (await planting()).contentsOf(host, partition);
  return JSON.parse(JSON.stringify(items)) as Item[];
}

/** Writes an item directly into a running host's table: a state that takes time to reach otherwise. */
export async function plantItem(host: Host, item: Item): Promise<void> {
  await (await planting()).plantItem(host, item);
}

/** Commits changes directly to a running host's table. */
export async function plantChanges(host: Host, changes: readonly Change[]): Promise<void> {
  await (await planting()).plantChanges(host, changes);
}
