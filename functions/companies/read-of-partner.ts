import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/companies/contract.ts";
import { readCompany } from "../../shared/companies/store.ts";
import { viewCompany } from "../../shared/companies/view.ts";

export const handler = serve(operations.readOfPartner, async ({ path, table }) => ({
  body: viewCompany(await readCompany(table, path.partnerId, path.companyId)),
}));
