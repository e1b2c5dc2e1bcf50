import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { listPartners } from "../../shared/partners/store.ts";
import { viewPartner } from "../../shared/partners/view.ts";

export const handler = serve(operations.list, async ({ query, table, paging }) => {
  const { items, lastKey } = await listPartners(table, { limit: query.limit, after: await paging.after() });
  return { body: { items: items.map(viewPartner), nextCursor: await paging.cursor(lastKey) } };
});
