import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { cancel } from "../../shared/subscriptions/rules.ts";
import { readSubscription, subscriptionChange } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.cancelOfPartner, async ({ path, principal, ifMatch, now, table }) => {
  const before = await readSubscription(table, path.partnerId, path.externalUserId);
  requireMatch(ifMatch, before.revision);
  const author = { partnerId: path.partnerId, tokenId: principal.tokenId, now };
  return { change: subscriptionChange("cancelled", before, cancel(before, now), author) };
});
