/** Subscriptions and their history as callers see them. */
import { etagOf } from "../domain/etag.ts";
import type { HistoryEntryView, SubscriptionView } from "./contract.ts";
import { termOf, type HistoryEntry, type Subscription } from "./model.ts";
import { statusAt } from "./rules.ts";

/** @param now the moment that the status is computed for */
export function viewSubscription(subscription: Subscription, now: Date): SubscriptionView {
  const { id, externalUserId, userEmail, duration, startsAt, expiresAt, createdAt, updatedAt, revision } = subscription;
  return {
    id,
    externalUserId,
    userEmail,
    duration,
    startsAt: startsAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    status: statusAt(subscription, now),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    etag: etagOf(revision),
  };
}

export function viewHistoryEntry({ id, type, at, from, to, tokenId }: HistoryEntry): HistoryEntryView {
  return { id, type, at, from: from && termOf(from), to: termOf(to), tokenId };
}
