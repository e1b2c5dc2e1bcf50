/** The migration `live-count`: the number of live subscriptions has those of earlier releases, too. */
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Table } from "../runtime/table.ts";
import type { Subscription } from "../subscriptions/model.ts";
import { liveCountMark, noticedSubscriptions } from "../subscriptions/store.ts";
import { subscriptionsAddition } from "../usage/store.ts";
import type { Count } from "./model.ts";

/**
 * How many subscriptions are marked in one transaction: each of them adds to the same counts, so transactions for single ones
 * would wait for each other.
 */
const atOnce = 50;

/** Counts each subscription of a partner whose end is still to be announced, and which no event has counted. */
export async function addLiveCounts(table: Table, partnerId: string): Promise<Count> {
  let read = 0;
  let changed = 0;
  for await (const { length, noticed } of noticedSubscriptions(table, partnerId)) {
    read += length;
    const uncounted = noticed.filter(({ inLiveCount }) => inLiveCount !== true);
    for (let first = 0; first < uncounted.length; first += atOnce) {
      changed += await addAll(table, partnerId, uncounted.slice(first, first + atOnce));
    }
  }
  return { read, changed };
}

/** Together, or one by one if one of them has changed: it has counted itself by that, or another run was faster. */
async function addAll(table: Table, partnerId: string, subscriptions: readonly Subscription[]): Promise<number> {
  const counts = new Map([["live", subscriptions.length]] as const);
  try {
    await table.commit([
      ...subscriptions.map((subscription) => liveCountMark(partnerId, subscription)),
      ...subscriptionsAddition(partnerId, undefined, { counts, forAll: true }),
    ]);
    return subscriptions.length;
  } catch (error) {
    if (!(error instanceof ConcurrencyConflict)) throw error;
  }
  if (subscriptions.length === 1) return 0;
  let changed = 0;
  for (const subscription of subscriptions) changed += await addAll(table, partnerId, [subscription]);
  return changed;
}
