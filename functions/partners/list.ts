import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { listPartners, searchPartners, sortPartners } from "../../shared/partners/store.ts";
import { viewPartner } from "../../shared/partners/view.ts";
import { defaultLimitsOf } from "../../shared/runtime/environment.ts";

export const handler = serve(operations.list, async ({ query, table, paging, environment }) => {
  const { search, sort, limit } = query;
  const page = { limit, after: await paging.after() };
  const order = sort === "newest" ? () => listPartners(table, page) : () => sortPartners(table, sort, page);
  const { items, lastKey } = search === undefined ? await order() : await searchPartners(table, search, page);
  const defaults = defaultLimitsOf(environment);
  const shown = items.map((partner) => viewPartner(partner, defaults));
  return { body: { items: shown, nextCursor: await paging.cursor(lastKey) } };
});
