import { serve } from "../../shared/api/serve.ts";
import { readPartner } from "../../shared/partners/store.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { viewSubscriptions } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.listOfPartner, async ({ path, query, now, table, paging }) => {
  await readPartner(table, path.partnerId);
  return { body: await viewSubscriptions(table, path.partnerId, query, now, paging) };
});
