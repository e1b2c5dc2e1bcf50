import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { erasePersonalData } from "../../shared/subscriptions/rules.ts";
import { readSubscription, subscriptionChange } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.erasePersonalDataOfPartner, async ({ path, principal, now, table }) => {
  const before = await readSubscription(table, path.partnerId, path.externalUserId);
  const author = { partnerId: path.partnerId, tokenId: principal.tokenId, now };
  const after = erasePersonalData(before, now);
  return { change: subscriptionChange("personal_data_erased", before, after, author) };
});
