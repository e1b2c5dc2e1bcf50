import { authorOf } from "../../shared/contract/author.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { requireStillActive } from "../../shared/identity/store.ts";
import { operations } from "../../shared/companies/contract.ts";
import { createCompany } from "../../shared/companies/rules.ts";
import { companyCreation } from "../../shared/companies/store.ts";
import { viewCompany } from "../../shared/companies/view.ts";

export const handler = serve(operations.create, async (request) => {
  const { body, now, principal, table, attempt } = request;
  if (attempt > 1) await requireStillActive(table, principal.id);
  const company = orThrow(createCompany(body, now));
  return {
    body: viewCompany(company),
    location: `/v1/companies/${company.id}`,
    change: companyCreation(authorOf(request), company),
  };
});
