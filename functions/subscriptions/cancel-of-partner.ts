import { authorOf } from "../../shared/contract/author.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { cancel } from "../../shared/subscriptions/rules.ts";
import { readSubscription, subscriptionChange } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.cancelOfPartner, async (request) => {
  const { path, ifMatch, now, table } = request;
  const before = await readSubscription(table, path.partnerId, path.externalUserId);
  requireMatch(ifMatch, before.revision);
  return { change: subscriptionChange("cancelled", before, cancel(before, now), authorOf(request, path.partnerId)) };
});
