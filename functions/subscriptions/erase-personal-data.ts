import { momentOf } from "../../shared/contract/author.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { callingAuthor } from "../../shared/subscriptions/partner-time.ts";
import { erasePersonalData } from "../../shared/subscriptions/rules.ts";
import { readSubscription, subscriptionChange } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.erasePersonalData, async (request) => {
  const { path, principal, table } = request;
  const author = await callingAuthor(request);
  const now = momentOf(author);
  const before = await readSubscription(table, principal.id, path.externalUserId);
  const after = erasePersonalData(before, now);
  return { change: subscriptionChange("personal_data_erased", before, after, author) };
});
