/** What may become of a subscription. Pure: no AWS, no HTTP, and the time is an argument. */
import { Problem } from "../domain/problems.ts";
import { newId } from "../domain/ids.ts";
import { after, before, type Period } from "./period.ts";

export const subscriptionStatuses = ["scheduled", "active", "expired", "cancelled"] as const;
export type SubscriptionStatus = (typeof subscriptionStatuses)[number];

/** From when to when, and the duration by which that was last decided. */
export interface Term {
  /** ISO 8601, as sent: `P1M`. */
  readonly duration: string;
  readonly startsAt: Date;
  readonly expiresAt: Date;
}

export interface Subscription extends Term {
  readonly id: string;
  readonly externalUserId: string;
  readonly userEmail: string;
  readonly cancelled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Counts the changes under this external user, through all subscriptions that it has had. */
  readonly revision: number;
}

/** A duration as text and as what it means. */
export interface Duration {
  readonly text: string;
  readonly period: Period;
}

export interface CreationRequest {
  readonly externalUserId: string;
  readonly userEmail: string;
  readonly duration: Duration;
  /** At most one of the two. */
  readonly startsAt?: Date | undefined;
  readonly expiresAt?: Date | undefined;
}

export interface ExtensionRequest {
  readonly duration: Duration;
  readonly expiresAt?: Date | undefined;
}

/** Not over yet: it runs, or will. A cancelled one ended when it was cancelled. */
export function isLive(subscription: Subscription, now: Date): boolean {
  return !subscription.cancelled && subscription.expiresAt > now;
}

export function statusAt(subscription: Subscription, now: Date): SubscriptionStatus {
  if (subscription.cancelled) return "cancelled";
  if (subscription.expiresAt <= now) return "expired";
  return subscription.startsAt > now ? "scheduled" : "active";
}

/**
 * A new subscription. Expiry = start + duration, or start = expiry − duration; without either it starts now.
 *
 * @param previous what the external user had before
 */
export function create(
  previous: Subscription | undefined,
  { externalUserId, userEmail, duration, startsAt, expiresAt }: CreationRequest,
  now: Date,
): Subscription | Problem {
  const term = {
    duration: duration.text,
    startsAt: startsAt ?? (expiresAt ? before(expiresAt, duration.period) : now),
    expiresAt: expiresAt ?? after(startsAt ?? now, duration.period),
  };
  if (term.expiresAt <= now) {
    return periodInvalid(expiresAt ? "/expiresAt" : "/duration", "The subscription would have expired already.");
  }
  if (!isShowable(term)) return periodInvalid("/duration", "The subscription would not lie between 1970 and 9999.");
  if (previous !== undefined && isLive(previous, now)) {
    return new Problem("subscription_exists", "This user has a live subscription. Extend it, or cancel it first.");
  }
  return {
    id: newId("sub_", now),
    externalUserId,
    userEmail,
    ...term,
    cancelled: false,
    createdAt: momentOfChange(previous, now),
    updatedAt: momentOfChange(previous, now),
    revision: (previous?.revision ?? 0) + 1,
  };
}

/** The subscription with a later end: by a duration from the end or, if that is past, from now; or to exactly a date. */
export function extend(
  subscription: Subscription,
  { duration, expiresAt: wanted }: ExtensionRequest,
  now: Date,
): Subscription | Problem {
  if (subscription.cancelled) {
    return new Problem("subscription_cancelled", "A cancelled subscription cannot be extended. Create a new one.");
  }
  const earliest = subscription.expiresAt > now ? subscription.expiresAt : now;
  if (wanted !== undefined && wanted <= earliest) {
    return periodInvalid("/expiresAt", "The new expiry must lie after the old one and after now.");
  }
  const term = {
    duration: duration.text,
    startsAt: subscription.startsAt,
    expiresAt: wanted ?? after(earliest, duration.period),
  };
  if (!isShowable(term)) return periodInvalid("/duration", "The subscription would end after the year 9999.");
  return {
    ...subscription,
    ...term,
    updatedAt: momentOfChange(subscription, now),
    revision: subscription.revision + 1,
  };
}

/** The subscription ended now; the same one if it is cancelled already. One that had not begun never will have. */
export function cancel(subscription: Subscription, now: Date): Subscription {
  if (subscription.cancelled) return subscription;
  const { startsAt, expiresAt } = subscription;
  const moment = momentOfChange(subscription, now);
  return {
    ...subscription,
    startsAt: startsAt < moment ? startsAt : moment,
    expiresAt: expiresAt < moment ? expiresAt : moment,
    cancelled: true,
    updatedAt: moment,
    revision: subscription.revision + 1,
  };
}

/** Clocks differ, and a call that was begun first may come second; still no change is older than the one that it follows. */
function momentOfChange(before: Subscription | undefined, now: Date): Date {
  return before !== undefined && before.updatedAt > now ? before.updatedAt : now;
}

/** RFC 3339 has four digits for the year, and the API takes none before 1970. */
function isShowable({ startsAt, expiresAt }: Term): boolean {
  return startsAt.getTime() >= 0 && expiresAt.getUTCFullYear() <= 9999;
}

function periodInvalid(pointer: string, detail: string): Problem {
  return new Problem("period_invalid", detail, { errors: [{ pointer, detail }] });
}
