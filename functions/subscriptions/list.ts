import { serve } from "../../shared/api/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { viewSubscriptions } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.list, async ({ query, principal, now, table, paging }) => ({
  body: await viewSubscriptions(table, principal.id, query, now, paging),
}));
