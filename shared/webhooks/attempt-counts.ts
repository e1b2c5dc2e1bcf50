/** How many attempts to deliver webhooks were made, by partner and day. */
import { dayAddition, dayOf } from "../runtime/day-counts.ts";
import type { Table, UpdateWrite } from "../runtime/table.ts";
import { attemptCountKey, maxAttemptCountsPerDay } from "./keys.ts";
import type { AttemptCounts } from "./model.ts";

/** Counts an attempt, in the transaction of its record. */
export function attemptAddition(
  partnerId: string,
  deliveryId: string,
  { at, succeeded }: { readonly at: string; readonly succeeded: boolean },
): UpdateWrite<AttemptCounts> {
  const day = dayOf(Date.parse(at));
  return {
    update: attemptCountKey.day(partnerId, day, deliveryId),
    set: dayAddition(day, new Map([[succeeded ? "succeeded" : "failed", 1]])),
  };
}

/** The attempts of a range of days, in one or more items for each day. */
export async function listAttemptCounts(
  table: Table,
  partnerId: string,
  { from, to, maxDays }: { readonly from: string; readonly to: string; readonly maxDays: number },
): Promise<readonly AttemptCounts[]> {
  const partition = attemptCountKey.days(partnerId);
  const limit = maxDays * maxAttemptCountsPerDay;
  return (await table.query({ partition, from, to: `${to}#~`, limit })).items;
}
