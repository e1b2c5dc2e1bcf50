import { authorOf } from "../../shared/contract/author.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { accountOf, removeAccount } from "../../shared/companies/rules.ts";
import { companyChange, readCompany } from "../../shared/companies/store.ts";

export const handler = serve(operations.removeAccount, async (request) => {
  const { path, principal, ifMatch, now, table } = request;
  const company = await readCompany(table, principal.id, path.companyId);
  const account = orThrow(accountOf(company, path.accountId));
  requireMatch(ifMatch, account.revision);
  return { change: companyChange(authorOf(request), company, removeAccount(company, account, now)) };
});
