import { serve } from "../../shared/http/serve.ts";
import { patchCoupon } from "../../shared/coupons/change-coupon.ts";
import { operations } from "../../shared/coupons/contract.ts";
import { countRedeemed, viewCoupon } from "../../shared/coupons/store.ts";

export const handler = serve(operations.change, async ({ path, body, ifMatch, now, table }) => {
  const coupon = await patchCoupon(table, path.couponId, body, ifMatch, now);
  const [redeemed = 0] = await countRedeemed(table, [coupon]);
  return { body: viewCoupon(coupon, redeemed) };
});
