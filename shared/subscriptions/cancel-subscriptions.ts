/** Cancels the live subscriptions of a partner that is off-boarded. */
import { momentOf, type Author } from "../contract/author.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Table } from "../runtime/table.ts";
import type { Subscription } from "./model.ts";
import { cancel } from "./rules.ts";
import { liveSubscriptions, subscriptionChange } from "./store.ts";

/** How many subscriptions are cancelled at the same time. */
const atOnce = 25;

/**
 * Commits by itself, one subscription after the other. A repeated call continues where this one stopped.
 *
 * @param maxCount the maximum number of subscriptions to cancel
 * @returns how many were cancelled, and whether none that was live is left
 */
export async function cancelSubscriptions(
  table: Table,
  author: Author,
  maxCount: number,
): Promise<{ readonly cancelled: number; readonly done: boolean }> {
  let cancelled = 0;
  let done = true;
  for await (const live of liveSubscriptions(table, author.partnerId, momentOf(author))) {
    const allowed = live.slice(0, maxCount - cancelled);
    for (let start = 0; start < allowed.length; start += atOnce) {
      const slice = allowed.slice(start, start + atOnce);
      const results = await Promise.all(slice.map((subscription) => cancelOne(table, author, subscription)));
      cancelled += results.filter(Boolean).length;
      done &&= !results.includes(false);
    }
    if (allowed.length < live.length) return { cancelled, done: false };
  }
  return { cancelled, done };
}

/** Whether the subscription was cancelled. One that changed meanwhile is left for the next call. */
async function cancelOne(table: Table, author: Author, subscription: Subscription): Promise<boolean> {
  try {
    await table.commit(subscriptionChange("cancelled", subscription, cancel(subscription, momentOf(author)), author));
    return true;
  } catch (error) {
    if (error instanceof ConcurrencyConflict) return false;
    throw error;
  }
}
