import { serve } from "../../shared/http/serve.ts";
import { requirePartner } from "../../shared/identity/store.ts";
import { operations } from "../../shared/companies/contract.ts";
import { findCompanies } from "../../shared/companies/store.ts";
import { viewCompany } from "../../shared/companies/view.ts";

export const handler = serve(operations.listOfPartner, async ({ path, query, table, paging }) => {
  await requirePartner(table, path.partnerId);
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = await findCompanies(table, path.partnerId, query, page);
  return { body: { items: items.map(viewCompany), nextCursor: await paging.cursor(lastKey) } };
});
