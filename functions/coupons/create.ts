import { serve } from "../../shared/http/serve.ts";
import { hashCode } from "../../shared/coupons/codes.ts";
import { operations } from "../../shared/coupons/contract.ts";
import { createCoupon } from "../../shared/coupons/rules.ts";
import { couponCreation } from "../../shared/coupons/store.ts";
import { viewCoupon } from "../../shared/coupons/view.ts";

export const handler = serve(operations.create, async ({ body, now, secrets }) => {
  const coupon = createCoupon(body, now);
  const { name, value, quantity, active, expiresAt } = coupon;
  const codeHash = hashCode(body.code, await secrets.read("couponCodeKey"));
  return {
    body: viewCoupon(coupon, 0),
    location: `/v1/coupons/${coupon.id}`,
    change: couponCreation(coupon, codeHash),
    audit: { target: coupon.id, before: null, after: { name, value, quantity, active, expiresAt } },
  };
});
