/** The migration `expiry-notice`: live subscriptions have a notice, so that their expiry is announced. */
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { findPartnerState } from "../identity/store.ts";
import type { Table } from "../runtime/table.ts";
import type { Subscription } from "../subscriptions/model.ts";
import { noticeAfter } from "../subscriptions/rules.ts";
import { liveSubscriptions, noticeAddition } from "../subscriptions/store.ts";
import type { Count } from "./model.ts";

/** How many subscriptions are changed at the same time. */
const atOnce = 25;

/** Adds a notice to each live subscription of a partner that lacks one because an earlier release has written it. */
export async function addExpiryNotices(table: Table, partnerId: string): Promise<Count> {
  const now = new Date();
  const expiryNotice = (await findPartnerState(table, partnerId))?.expiryNotice;
  let read = 0;
  let changed = 0;
  for await (const live of liveSubscriptions(table, partnerId, now)) {
    read += live.length;
    const lacking = live.filter(({ notice, sandbox }) => notice === undefined && sandbox !== true);
    for (let first = 0; first < lacking.length; first += atOnce) {
      const added = lacking
        .slice(first, first + atOnce)
        .map((each) => addNotice(table, partnerId, each, { expiryNotice, now }));
      changed += (await Promise.all(added)).filter(Boolean).length;
    }
  }
  return { read, changed };
}

async function addNotice(
  table: Table,
  partnerId: string,
  subscription: Subscription,
  { expiryNotice, now }: { readonly expiryNotice: string | undefined; readonly now: Date },
): Promise<boolean> {
  // As if it changed now: a notice in the past would be announced late.
  const notice = noticeAfter("extended", { ...subscription, updatedAt: now }, expiryNotice);
  if (notice === undefined) return false;
  try {
    await table.update(noticeAddition(partnerId, subscription, notice));
    return true;
  } catch (error) {
    // The subscription has changed, and has a notice by that; or another run was faster.
    if (error instanceof ConcurrencyConflict) return false;
    throw error;
  }
}
