import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { listDeliveries, readEndpoint } from "../../shared/webhooks/store.ts";
import { viewDelivery } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.deliveries, async ({ path, query, principal, table, paging }) => {
  const { id } = await readEndpoint(table, principal.id, path.endpointId);
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await listDeliveries(table, id, query, page);
  return { body: { items: items.map(viewDelivery), nextCursor: await paging.cursor(lastKey) } };
});
