import { authorOf } from "../../shared/contract/author.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { companyDeletion, readCompany } from "../../shared/companies/store.ts";

export const handler = serve(operations.delete, async (request) => {
  const { path, principal, ifMatch, table } = request;
  const company = await readCompany(table, principal.id, path.companyId);
  requireMatch(ifMatch, company.revision);
  return { change: companyDeletion(authorOf(request), company) };
});
