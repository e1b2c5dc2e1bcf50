import { serve } from "../../shared/http/serve.ts";
import { hashCode } from "../../shared/coupons/codes.ts";
import { operations } from "../../shared/coupons/contract.ts";
import { choosePiece, proveCode } from "../../shared/coupons/redeem-coupon.ts";
import { redemptionChange } from "../../shared/coupons/store.ts";
import { readUser } from "../../shared/users/store.ts";

export const handler = serve(operations.redeem, async ({ body, principal, now, table, secrets, once }) => {
  const codeHash = hashCode(body.code, await secrets.read("couponCodeKey"));
  const redeeming = await once(() => proveCode(table, principal.id, codeHash, now));
  const [piece, user] = await Promise.all([
    choosePiece(table, redeeming, principal.id, now),
    readUser(table, principal.id),
  ]);
  const { coupon } = redeeming;
  const onMiss = () => (redeeming.missed = true);
  const { redemption, change } = redemptionChange({ coupon, piece, user, now, onMiss });
  return { body: redemption, location: "/v1/users/me/redemptions", change };
});
