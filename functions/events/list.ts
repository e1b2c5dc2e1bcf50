import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/events/contract.ts";
import { listEvents } from "../../shared/events/store.ts";
import { viewEvent } from "../../shared/events/view.ts";

export const handler = serve(operations.list, async ({ query, principal, now, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await listEvents(table, principal.id, { ...query, now }, page);
  return { body: { items: items.map(viewEvent), nextCursor: await paging.cursor(lastKey) } };
});
