import { serve } from "../../shared/http/serve.ts";
import { hashCode } from "../../shared/coupons/codes.ts";
import { operations } from "../../shared/coupons/contract.ts";
import { proveCode, redeemCoupon } from "../../shared/coupons/redeem-coupon.ts";
import { viewRedemption } from "../../shared/coupons/view.ts";

export const handler = serve(operations.redeem, {
  prepare: async ({ body, principal, now, table, secrets }) =>
    await proveCode(table, principal.id, hashCode(body.code, await secrets.read("couponCodeKey")), now),
  decide: async ({ principal, now, table, prepared: coupon, attempt }) => {
    const { redemption, change } = await redeemCoupon(table, { coupon, userId: principal.id, attempt, now });
    return { body: viewRedemption(redemption), location: "/v1/users/me/redemptions", change };
  },
});
