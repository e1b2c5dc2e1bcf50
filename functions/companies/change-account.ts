import { authorOf } from "../../shared/contract/author.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { accountOf, changeAccount } from "../../shared/companies/rules.ts";
import { companyChange, readCompany } from "../../shared/companies/store.ts";
import { viewAccount } from "../../shared/companies/view.ts";

export const handler = serve(operations.changeAccount, async (request) => {
  const { path, body, principal, ifMatch, now, table } = request;
  const before = await readCompany(table, principal.id, path.companyId);
  const present = orThrow(accountOf(before, path.accountId));
  requireMatch(ifMatch, present.revision);
  const { company, account } = orThrow(changeAccount(before, present, body, now));
  return { body: viewAccount(account), change: companyChange(authorOf(request), before, company) };
});
