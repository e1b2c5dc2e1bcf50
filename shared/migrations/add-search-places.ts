/** The migrations `user-search` and `partner-search`: older users and partners get their places in the index. */
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { partnerSearchUpdates } from "../partners/store.ts";
import type { Change, Table } from "../runtime/table.ts";
import { userSearchUpdates } from "../users/store.ts";
import type { Count } from "./model.ts";

/** Adds the places of a user's username and name. */
export async function addUserPlaces(table: Table, userId: string): Promise<Count> {
  return await commitEach(table, await userSearchUpdates(table, userId));
}

/** Adds the places of a partner's name and e-mail address. */
export async function addPartnerPlaces(table: Table, partnerId: string): Promise<Count> {
  return await commitEach(table, await partnerSearchUpdates(table, partnerId));
}

/** A failed condition means that the item has its place, or has just changed and so has got it. */
async function commitEach(table: Table, changes: readonly Change[]): Promise<Count> {
  let changed = 0;
  for (const change of changes) {
    try {
      await table.commit(change);
      changed++;
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict)) throw error;
    }
  }
  return { read: changes.length, changed };
}
