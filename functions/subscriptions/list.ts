import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { timeOfCaller } from "../../shared/subscriptions/partner-time.ts";
import { findSubscriptions } from "../../shared/subscriptions/store.ts";
import { viewSubscription } from "../../shared/subscriptions/view.ts";

export const handler = serve(operations.list, async ({ query, principal, now: requestedAt, table, paging }) => {
  const now = timeOfCaller({ principal, now: requestedAt });
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await findSubscriptions(table, principal.id, { ...query, now }, page);
  const shown = items.map((subscription) => viewSubscription(subscription, now));
  return { body: { items: shown, nextCursor: await paging.cursor(lastKey) } };
});
