import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/events/contract.ts";
import { listEvents } from "../../shared/events/store.ts";
import { viewEvent } from "../../shared/events/view.ts";
import { requirePartner } from "../../shared/identity/store.ts";

export const handler = serve(operations.listOfPartner, async ({ path, query, now, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await listEvents(table, path.partnerId, { ...query, now }, page);
  // A deleted partner's events are shown until they expire.
  if (items.length === 0 && page.after === undefined) await requirePartner(table, path.partnerId);
  return { body: { items: items.map(viewEvent), nextCursor: await paging.cursor(lastKey) } };
});
