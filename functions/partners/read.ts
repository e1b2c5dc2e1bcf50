import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { readPartner } from "../../shared/partners/store.ts";
import { viewPartner } from "../../shared/partners/view.ts";
import { defaultLimitsOf } from "../../shared/runtime/environment.ts";

export const handler = serve(operations.read, async ({ path, table, environment }) => ({
  body: viewPartner(await readPartner(table, path.partnerId), defaultLimitsOf(environment)),
}));
