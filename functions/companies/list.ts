import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { findCompanies } from "../../shared/companies/store.ts";
import { viewCompany } from "../../shared/companies/view.ts";

export const handler = serve(operations.list, async ({ query, principal, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await findCompanies(table, principal.id, query, page);
  return { body: { items: items.map(viewCompany), nextCursor: await paging.cursor(lastKey) } };
});
