import { serve } from "../../shared/http/serve.ts";
import { changeCoupon } from "../../shared/coupons/change-coupon.ts";
import { operations } from "../../shared/coupons/contract.ts";
import { countRedeemed } from "../../shared/coupons/store.ts";
import { viewCoupon } from "../../shared/coupons/view.ts";

export const handler = serve(operations.change, async ({ path, body, ifMatch, now, table, auditing }) => {
  const { coupon, change } = await changeCoupon(table, path.couponId, { patch: body, ifMatch, now, auditing });
  const [redeemed = 0] = await countRedeemed(table, [coupon]);
  return { body: viewCoupon(coupon, redeemed), change, audit: "committed" };
});
