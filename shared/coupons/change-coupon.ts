/** How an administrator changes a coupon while others redeem it. */
import { requireMatch } from "../domain/etag.ts";
import { orThrow } from "../domain/problems.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Table } from "../runtime/table.ts";
import type { CouponPatch } from "./contract.ts";
import { changeCoupon, isAbandoned, outcomeOf, type StoredCoupon } from "./rules.ts";
import { couponReplacement, readCoupon, settleCoupon } from "./store.ts";

/**
 * Changes the given fields. A change of the terms has ended when this returns: nothing is redeemed by the old ones any more.
 *
 * @throws Problem `not_found`, `precondition_failed`, `coupon_quantity_too_low`
 * @throws ConcurrencyConflict while another change of the coupon is under way
 */
export async function patchCoupon(
  table: Table,
  couponId: string,
  patch: CouponPatch,
  ifMatch: string | undefined,
  now: Date,
): Promise<StoredCoupon> {
  const before = await readCoupon(table, couponId);
  if (before.pending !== undefined) {
    if (isAbandoned(before, new Date())) await settleCoupon(table, before);
    throw new ConcurrencyConflict();
  }
  requireMatch(ifMatch, before.revision);
  const after = changeCoupon(before, patch, now);
  if (after === before) return before;
  await table.commit([couponReplacement(before, after)]);
  return after.pending === undefined ? after : orThrow(outcomeOf(await settleCoupon(table, after)));
}
