import { serve } from "../../shared/http/serve.ts";
import { requirePartner } from "../../shared/identity/store.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { findSubscriptions } from "../../shared/subscriptions/store.ts";
import { viewSubscription } from "../../shared/subscriptions/view.ts";

export const handler = serve(operations.listOfPartner, async ({ path, query, now, table, paging }) => {
  await requirePartner(table, path.partnerId);
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await findSubscriptions(table, path.partnerId, { ...query, now }, page);
  const shown = items.map((subscription) => viewSubscription(subscription, now));
  return { body: { items: shown, nextCursor: await paging.cursor(lastKey) } };
});
