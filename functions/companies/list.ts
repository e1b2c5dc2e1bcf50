import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { listCompanies } from "../../shared/companies/store.ts";
import { viewCompany } from "../../shared/companies/view.ts";

export const handler = serve(operations.list, async ({ query, principal, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await listCompanies(table, principal.id, page);
  return { body: { items: items.map(viewCompany), nextCursor: await paging.cursor(lastKey) } };
});
