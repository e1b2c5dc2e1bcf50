import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { timeOfPartner } from "../../shared/subscriptions/partner-time.ts";
import { readSubscription } from "../../shared/subscriptions/store.ts";
import { viewSubscription } from "../../shared/subscriptions/view.ts";

export const handler = serve(operations.readOfPartner, async ({ path, now, table }) => {
  const { partnerId, externalUserId } = path;
  const [subscription, time] = await Promise.all([
    readSubscription(table, partnerId, externalUserId),
    timeOfPartner(table, partnerId, now),
  ]);
  return { body: viewSubscription(subscription, time) };
});
