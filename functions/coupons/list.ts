import { requireRole } from "../../shared/contract/principal.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/coupons/contract.ts";
import { seesAll } from "../../shared/coupons/rules.ts";
import { countRedeemed, listCoupons, searchCoupons } from "../../shared/coupons/store.ts";
import { viewCoupon } from "../../shared/coupons/view.ts";

export const handler = serve(operations.list, async ({ query, principal, table, paging }) => {
  const { search, sort, limit } = query;
  const page = { limit, after: await paging.after(), activeOnly: !seesAll(requireRole(principal)) };
  const isNewestFirst = search === undefined && sort === "newest";
  const { items: coupons, lastKey } = isNewestFirst
    ? await listCoupons(table, page)
    : await searchCoupons(table, search ?? "", page);
  const redeemed = await countRedeemed(table, coupons);
  return {
    body: {
      items: coupons.map((coupon, index) => viewCoupon(coupon, redeemed[index] ?? 0)),
      nextCursor: await paging.cursor(lastKey),
    },
  };
});
