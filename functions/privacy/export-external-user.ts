import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/privacy/contract.ts";
import { timeOfPartner } from "../../shared/subscriptions/partner-time.ts";
import { listHistory, readSubscription } from "../../shared/subscriptions/store.ts";
import { viewHistoryEntry, viewSubscription } from "../../shared/subscriptions/view.ts";

export const handler = serve(operations.exportExternalUser, async ({ path, query, now, table, paging }) => {
  const { partnerId, externalUserId } = path;
  const page = { limit: query.limit, after: await paging.after() };
  const [subscription, { items, lastKey }, time] = await Promise.all([
    readSubscription(table, partnerId, externalUserId),
    listHistory(table, partnerId, externalUserId, page),
    timeOfPartner(table, partnerId, now),
  ]);
  return {
    body: {
      subscription: viewSubscription(subscription, time),
      history: items.map(viewHistoryEntry),
      nextCursor: await paging.cursor(lastKey),
    },
    securityEvents: page.after === undefined ? [{ event: "personal_data_exported", principalId: partnerId }] : [],
  };
});
