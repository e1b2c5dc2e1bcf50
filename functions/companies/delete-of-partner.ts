import { authorOf } from "../../shared/contract/author.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { companyDeletion, readCompany } from "../../shared/companies/store.ts";

export const handler = serve(operations.deleteOfPartner, async (request) => {
  const { path, ifMatch, table } = request;
  const company = await readCompany(table, path.partnerId, path.companyId);
  requireMatch(ifMatch, company.revision);
  return {
    change: companyDeletion(authorOf(request, path.partnerId), company),
    audit: { target: company.id, before: { name: company.name, partner: path.partnerId }, after: null },
  };
});
