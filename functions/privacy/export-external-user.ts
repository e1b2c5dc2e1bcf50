import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/privacy/contract.ts";
import { listHistory, readSubscription } from "../../shared/subscriptions/store.ts";
import { viewHistoryEntry, viewSubscription } from "../../shared/subscriptions/view.ts";

export const handler = serve(operations.exportExternalUser, async ({ path, query, now, table, paging }) => {
  const { partnerId, externalUserId } = path;
  const page = { limit: query.limit, after: await paging.after() };
  const [subscription, { items, lastKey }] = await Promise.all([
    readSubscription(table, partnerId, externalUserId),
    listHistory(table, partnerId, externalUserId, page),
  ]);
  return {
    body: {
      subscription: viewSubscription(subscription, now),
      history: items.map(viewHistoryEntry),
      nextCursor: await paging.cursor(lastKey),
    },
    securityEvents: page.after === undefined ? [{ event: "personal_data_exported", principalId: partnerId }] : [],
  };
});
