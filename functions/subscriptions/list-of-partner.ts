import { notFound, orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { findPartnerState } from "../../shared/identity/store.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { findBySubscriptionId, findSubscriptions, searchSubscriptions } from "../../shared/subscriptions/store.ts";
import { viewSubscription } from "../../shared/subscriptions/view.ts";

export const handler = serve(operations.listOfPartner, async ({ path, query, now: requestedAt, table, paging }) => {
  const { partnerId } = path;
  const { externalUserIdPrefix, subscriptionId, limit } = query;
  const state = orThrow((await findPartnerState(table, partnerId)) ?? notFound());
  const now = state.testClock === undefined ? requestedAt : new Date(state.testClock.time);
  if (subscriptionId !== undefined) {
    const found = await findBySubscriptionId(table, partnerId, subscriptionId);
    return { body: { items: found === undefined ? [] : [viewSubscription(found, now)], nextCursor: null } };
  }
  const page = { limit, after: await paging.after() };
  const { items, lastKey } =
    externalUserIdPrefix === undefined
      ? await findSubscriptions(table, partnerId, { ...query, now }, page)
      : await searchSubscriptions(table, partnerId, externalUserIdPrefix, page);
  const shown = items.map((subscription) => viewSubscription(subscription, now));
  return { body: { items: shown, nextCursor: await paging.cursor(lastKey) } };
});
