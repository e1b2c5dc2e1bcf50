import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { listEndpoints } from "../../shared/webhooks/store.ts";
import { viewEndpoint } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.list, async ({ query, principal, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await listEndpoints(table, principal.id, page);
  return { body: { items: items.map(viewEndpoint), nextCursor: await paging.cursor(lastKey) } };
});
