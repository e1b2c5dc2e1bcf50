import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { listPartners, viewPartner } from "../../shared/partners/store.ts";

export const handler = serve(operations.list, async ({ query, table, paging }) => {
  const { partners, lastKey } = await listPartners(table, { limit: query.limit, after: await paging.after() });
  return { body: { items: partners.map(viewPartner), nextCursor: await paging.cursor(lastKey) } };
});
