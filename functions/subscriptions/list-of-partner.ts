import { serve } from "../../shared/http/serve.ts";
import { readPartner } from "../../shared/partners/store.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { findSubscriptions, viewSubscription } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.listOfPartner, async ({ path, query, now, table, paging }) => {
  await readPartner(table, path.partnerId);
  const page = { limit: query.limit, after: await paging.after() };
  const { subscriptions, lastKey } = await findSubscriptions(table, path.partnerId, query, now, page);
  const items = subscriptions.map((subscription) => viewSubscription(subscription, now));
  return { body: { items, nextCursor: await paging.cursor(lastKey) } };
});
