import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { readCompany, viewCompany } from "../../shared/companies/store.ts";

export const handler = serve(operations.read, async ({ path, principal, table }) => ({
  body: viewCompany(await readCompany(table, principal.id, path.companyId)),
}));
