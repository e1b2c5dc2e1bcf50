/** Coupons and redemptions as callers see them. */
import { etagOf } from "../domain/etag.ts";
import type { CouponView, RedemptionView } from "./contract.ts";
import type { Redemption, StoredCoupon } from "./model.ts";

/** @param redeemed how often it has been redeemed; read after the coupon, so it may belong to a larger quantity */
export function viewCoupon(coupon: StoredCoupon, redeemed: number): CouponView {
  const { id, name, value, quantity, active, expiresAt, createdAt, updatedAt, revision } = coupon;
  const remaining = Math.max(0, quantity - redeemed);
  return { id, name, value, quantity, remaining, active, expiresAt, createdAt, updatedAt, etag: etagOf(revision) };
}

export function viewRedemption({ id, couponId, value, creditLeft, redeemedAt }: Redemption): RedemptionView {
  return { id, couponId, value, creditLeft, redeemedAt };
}
