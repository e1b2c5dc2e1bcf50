import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { readSubscription } from "../../shared/subscriptions/store.ts";
import { viewSubscription } from "../../shared/subscriptions/view.ts";

export const handler = serve(operations.readOfPartner, async ({ path, now, table }) => ({
  body: viewSubscription(await readSubscription(table, path.partnerId, path.externalUserId), now),
}));
