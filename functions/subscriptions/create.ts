import { momentOf } from "../../shared/contract/author.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { callingAuthor } from "../../shared/subscriptions/partner-time.ts";
import { create } from "../../shared/subscriptions/rules.ts";
import { findSubscription, subscriptionChange } from "../../shared/subscriptions/store.ts";
import { viewSubscription } from "../../shared/subscriptions/view.ts";

export const handler = serve(operations.create, async (request) => {
  const { body, principal, table } = request;
  const author = await callingAuthor(request);
  const now = momentOf(author);
  const previous = await findSubscription(table, principal.id, body.externalUserId);
  const subscription = orThrow(create(previous, body, now));
  return {
    body: viewSubscription(subscription, now),
    location: `/v1/subscriptions/${body.externalUserId}`,
    change: subscriptionChange("created", previous, subscription, author),
  };
});
