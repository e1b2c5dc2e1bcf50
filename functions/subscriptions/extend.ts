import { momentOf } from "../../shared/contract/author.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { callingAuthor } from "../../shared/subscriptions/partner-time.ts";
import { extend } from "../../shared/subscriptions/rules.ts";
import { readSubscription, subscriptionChange } from "../../shared/subscriptions/store.ts";
import { viewSubscription } from "../../shared/subscriptions/view.ts";

export const handler = serve(operations.extend, async (request) => {
  const { path, body, principal, ifMatch, table } = request;
  const author = await callingAuthor(request);
  const now = momentOf(author);
  const before = await readSubscription(table, principal.id, path.externalUserId);
  requireMatch(ifMatch, before.revision);
  const after = orThrow(extend(before, body, now));
  return {
    body: viewSubscription(after, now),
    change: subscriptionChange("extended", before, after, author),
  };
});
