import { notFound } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { listHistory } from "../../shared/subscriptions/store.ts";
import { viewHistoryEntry } from "../../shared/subscriptions/view.ts";

export const handler = serve(operations.historyOfPartner, async ({ path, query, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await listHistory(table, path.partnerId, path.externalUserId, page);
  // Every subscription has its creation in its history.
  if (items.length === 0 && page.after === undefined) throw notFound();
  return { body: { items: items.map(viewHistoryEntry), nextCursor: await paging.cursor(lastKey) } };
});
