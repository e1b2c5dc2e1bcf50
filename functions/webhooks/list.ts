import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { findFailingSince, listEndpoints } from "../../shared/webhooks/store.ts";
import { viewEndpoint } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.list, async ({ query, principal, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await listEndpoints(table, principal.id, page);
  const failing = await findFailingSince(
    table,
    items.map(({ id }) => id),
  );
  const shown = items.map((endpoint, index) => viewEndpoint(endpoint, failing[index]));
  return { body: { items: shown, nextCursor: await paging.cursor(lastKey) } };
});
