import { momentOf } from "../../shared/contract/author.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { authorFor } from "../../shared/subscriptions/partner-time.ts";
import type { Subscription } from "../../shared/subscriptions/model.ts";
import { cancel } from "../../shared/subscriptions/rules.ts";
import { readSubscription, subscriptionChange } from "../../shared/subscriptions/store.ts";

const termEnd = ({ cancelled, expiresAt }: Subscription) => ({ cancelled, expiresAt: expiresAt.toISOString() });

export const handler = serve(operations.cancelOfPartner, async (request) => {
  const { path, ifMatch, table } = request;
  const author = await authorFor(request, path.partnerId);
  const before = await readSubscription(table, path.partnerId, path.externalUserId);
  requireMatch(ifMatch, before.revision);
  const after = cancel(before, momentOf(author));
  return {
    change: subscriptionChange("cancelled", before, after, author),
    audit: { target: before.id, before: termEnd(before), after: termEnd(after) },
  };
});
