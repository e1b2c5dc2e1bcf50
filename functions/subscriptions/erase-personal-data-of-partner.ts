import { authorOf } from "../../shared/contract/author.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { erasePersonalData } from "../../shared/subscriptions/rules.ts";
import { readSubscription, subscriptionChange } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.erasePersonalDataOfPartner, async (request) => {
  const { path, now, table } = request;
  const before = await readSubscription(table, path.partnerId, path.externalUserId);
  const after = erasePersonalData(before, now);
  return {
    change: subscriptionChange("personal_data_erased", before, after, authorOf(request, path.partnerId)),
    audit: { target: before.id, before: { userEmail: "[hidden]" }, after: { userEmail: null } },
  };
});
