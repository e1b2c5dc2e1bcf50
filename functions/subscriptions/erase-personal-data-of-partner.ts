import { momentOf } from "../../shared/contract/author.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { authorFor } from "../../shared/subscriptions/partner-time.ts";
import { erasePersonalData } from "../../shared/subscriptions/rules.ts";
import { readSubscription, subscriptionChange } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.erasePersonalDataOfPartner, async (request) => {
  const { path, table } = request;
  const author = await authorFor(request, path.partnerId);
  const before = await readSubscription(table, path.partnerId, path.externalUserId);
  const after = erasePersonalData(before, momentOf(author));
  return {
    change: subscriptionChange("personal_data_erased", before, after, author),
    audit: { target: before.id, before: { userEmail: "[hidden]" }, after: { userEmail: null } },
  };
});
