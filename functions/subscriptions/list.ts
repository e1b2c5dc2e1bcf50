import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { findSubscriptions, viewSubscription } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.list, async ({ query, principal, now, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { subscriptions, lastKey } = await findSubscriptions(table, principal.id, query, now, page);
  const items = subscriptions.map((subscription) => viewSubscription(subscription, now));
  return { body: { items, nextCursor: await paging.cursor(lastKey) } };
});
