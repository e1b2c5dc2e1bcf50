import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { listCompanies, viewCompany } from "../../shared/companies/store.ts";

export const handler = serve(operations.list, async ({ query, principal, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { companies, lastKey } = await listCompanies(table, principal.id, page);
  return { body: { items: companies.map(viewCompany), nextCursor: await paging.cursor(lastKey) } };
});
