import { serve } from "../../shared/http/serve.ts";
import { requirePartner } from "../../shared/identity/store.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { listEndpoints } from "../../shared/webhooks/store.ts";
import { viewEndpoint } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.listOfPartner, async ({ path, query, table, paging }) => {
  await requirePartner(table, path.partnerId);
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await listEndpoints(table, path.partnerId, page);
  return { body: { items: items.map(viewEndpoint), nextCursor: await paging.cursor(lastKey) } };
});
