import { authorOf } from "../../shared/contract/author.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { addAccount } from "../../shared/companies/rules.ts";
import { companyChange, readCompany } from "../../shared/companies/store.ts";
import { viewAccount } from "../../shared/companies/view.ts";

export const handler = serve(operations.addAccount, async (request) => {
  const { path, body, principal, now, table } = request;
  const before = await readCompany(table, principal.id, path.companyId);
  const { company, account } = orThrow(addAccount(before, body, now));
  return {
    body: viewAccount(account),
    location: `/v1/companies/${company.id}/bank-accounts/${account.id}`,
    change: companyChange(authorOf(request), before, company),
  };
});
