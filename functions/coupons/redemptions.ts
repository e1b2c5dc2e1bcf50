import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/coupons/contract.ts";
import { listRedemptions } from "../../shared/coupons/store.ts";
import { viewRedemption } from "../../shared/coupons/view.ts";

export const handler = serve(operations.redemptions, async ({ query, principal, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await listRedemptions(table, principal.id, page);
  return { body: { items: items.map(viewRedemption), nextCursor: await paging.cursor(lastKey) } };
});
