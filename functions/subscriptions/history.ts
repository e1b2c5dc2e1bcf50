import { notFound } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { listHistory } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.history, async ({ path, query, principal, table, paging }) => {
  const after = await paging.after();
  const page = { limit: query.limit, after };
  const { entries, lastKey } = await listHistory(table, principal.id, path.externalUserId, page);
  // Whatever exists has its creation in its history.
  if (entries.length === 0 && after === undefined) throw notFound();
  return { body: { items: [...entries], nextCursor: await paging.cursor(lastKey) } };
});
