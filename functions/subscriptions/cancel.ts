import { momentOf } from "../../shared/contract/author.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { callingAuthor } from "../../shared/subscriptions/partner-time.ts";
import { cancel } from "../../shared/subscriptions/rules.ts";
import { readSubscription, subscriptionChange } from "../../shared/subscriptions/store.ts";

export const handler = serve(operations.cancel, async (request) => {
  const { path, principal, ifMatch, table } = request;
  const author = await callingAuthor(request);
  const now = momentOf(author);
  const before = await readSubscription(table, principal.id, path.externalUserId);
  requireMatch(ifMatch, before.revision);
  return { change: subscriptionChange("cancelled", before, cancel(before, now), author) };
});
