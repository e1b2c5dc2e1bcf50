/** Changes a coupon while users redeem it. */
import { changeEntry, type AuditEntry } from "../contract/audit-record.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { requireMatch } from "../domain/etag.ts";
import { orThrow } from "../domain/problems.ts";
import type { Change, Table, Write } from "../runtime/table.ts";
import type { CouponPatch } from "./contract.ts";
import type { StoredCoupon } from "./model.ts";
import { beginChange, isAbandoned, outcomeOf } from "./rules.ts";
import { couponReplacement, readCoupon } from "./store.ts";
import { settleCoupon } from "./settle-coupon.ts";

export interface ChangeRequest {
  readonly patch: CouponPatch;
  readonly ifMatch: string | undefined;
  readonly now: Date;
  readonly auditing: (entry: AuditEntry) => Write;
}

/**
 * Changes the given fields. A change of the terms is committed here, in several steps that may be repeated: when this
 * returns, nothing is redeemed under the old terms any more.
 *
 * @returns the coupon, and the change that is still to be committed
 * @throws Problem `not_found`, `precondition_failed`, `coupon_quantity_too_low`
 * @throws ConcurrencyConflict while another change of the coupon is in progress
 */
export async function changeCoupon(
  table: Table,
  couponId: string,
  { patch, ifMatch, now, auditing }: ChangeRequest,
): Promise<{ readonly coupon: StoredCoupon; readonly change: Change }> {
  const before = await readCoupon(table, couponId);
  if (before.pending !== undefined) {
    if (isAbandoned(before, new Date())) await settleCoupon(table, before);
    throw new ConcurrencyConflict();
  }
  requireMatch(ifMatch, before.revision);
  const after = beginChange(before, patch, now);
  if (after === before) return { coupon: before, change: [] };
  const replacement = couponReplacement(before, after);
  const wanted = { ...after, ...after.pending };
  const record = auditing(changeEntry({ before, after: wanted }, ["name", "active", "expiresAt", "quantity"]));
  if (after.pending === undefined) return { coupon: after, change: [replacement, record] };
  await table.commit([replacement, record]);
  return { coupon: orThrow(outcomeOf(await settleCoupon(table, after))), change: [] };
}
