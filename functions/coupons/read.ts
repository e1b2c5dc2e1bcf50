import { requireRole } from "../../shared/contract/principal.ts";
import { notFound } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/coupons/contract.ts";
import { isVisible } from "../../shared/coupons/rules.ts";
import { countRedeemed, readCoupon } from "../../shared/coupons/store.ts";
import { viewCoupon } from "../../shared/coupons/view.ts";

export const handler = serve(operations.read, async ({ path, principal, table }) => {
  const coupon = await readCoupon(table, path.couponId);
  if (!isVisible(coupon, requireRole(principal))) throw notFound();
  const [redeemed = 0] = await countRedeemed(table, [coupon]);
  return { body: viewCoupon(coupon, redeemed) };
});
