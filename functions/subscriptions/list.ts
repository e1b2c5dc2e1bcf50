import { serve } from "../../shared/api/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { filterSubscriptions, listSubscriptions, viewSubscription } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.list, async ({ query, principal, now, table, paging }) => {
  const { limit, cursor: _cursor, ...filters } = query;
  const page = { limit, after: await paging.after() };
  const { subscriptions, lastKey } =
    filters.status === undefined && filters.expiresBefore === undefined
      ? await listSubscriptions(table, principal.id, page)
      : await filterSubscriptions(table, principal.id, filters, now, page);
  return {
    body: {
      items: subscriptions.map((subscription) => viewSubscription(subscription, now)),
      nextCursor: await paging.cursor(lastKey),
    },
  };
});
