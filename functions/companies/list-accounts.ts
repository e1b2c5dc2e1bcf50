import { pageAfter } from "../../shared/http/pages.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { readCompany } from "../../shared/companies/store.ts";
import { viewAccount } from "../../shared/companies/view.ts";

export const handler = serve(operations.listAccounts, async ({ path, query, principal, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { bankAccounts } = await readCompany(table, principal.id, path.companyId);
  const { items, lastKey } = pageAfter(bankAccounts, ({ id }) => id, page);
  return { body: { items: items.map(viewAccount), nextCursor: await paging.cursor(lastKey) } };
});
