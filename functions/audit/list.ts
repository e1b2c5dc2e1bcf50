import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/audit/contract.ts";
import { listRecords } from "../../shared/audit/store.ts";
import { viewRecord } from "../../shared/audit/view.ts";

export const handler = serve(operations.list, async ({ query, now, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await listRecords(table, { ...query, now }, page);
  return { body: { items: items.map(viewRecord), nextCursor: await paging.cursor(lastKey) } };
});
