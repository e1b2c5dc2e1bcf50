import { serve } from "../../shared/http/serve.ts";
import { requirePartner } from "../../shared/identity/store.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { findFailingSince, listEndpoints } from "../../shared/webhooks/store.ts";
import { viewEndpoint } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.listOfPartner, async ({ path, query, table, paging }) => {
  await requirePartner(table, path.partnerId);
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await listEndpoints(table, path.partnerId, page);
  const failing = await findFailingSince(
    table,
    items.map(({ id }) => id),
  );
  const shown = items.map((endpoint, index) => viewEndpoint(endpoint, failing[index]));
  return { body: { items: shown, nextCursor: await paging.cursor(lastKey) } };
});
