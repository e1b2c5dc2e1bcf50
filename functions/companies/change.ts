import { authorOf } from "../../shared/contract/author.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { changeCompany } from "../../shared/companies/rules.ts";
import { companyChange, readCompany } from "../../shared/companies/store.ts";
import { viewCompany } from "../../shared/companies/view.ts";

export const handler = serve(operations.change, async (request) => {
  const { path, body, principal, ifMatch, now, table } = request;
  const before = await readCompany(table, principal.id, path.companyId);
  requireMatch(ifMatch, before.revision);
  const after = changeCompany(before, body, now);
  return { body: viewCompany(after), change: companyChange(authorOf(request), before, after) };
});
