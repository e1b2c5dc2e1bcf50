/** Rules for creating, extending, cancelling and erasing subscriptions. Pure: no AWS, no HTTP, and the time is an argument. */
import { newId } from "../domain/ids.ts";
import { Problem } from "../domain/problems.ts";
import type { CreationRequest, ExtensionRequest } from "./contract.ts";
import {
  defaultExpiryNotice,
  type ChangeType,
  type Notice,
  type Subscription,
  type SubscriptionStatus,
  type Term,
} from "./model.ts";
import { after, before, parsePeriod, type Period } from "./period.ts";

/** Whether a subscription is scheduled or active. A cancelled one ended when it was cancelled. */
export function isLive(subscription: Subscription, now: Date): boolean {
  return !subscription.cancelled && subscription.expiresAt > now;
}

export function statusAt(subscription: Subscription, now: Date): SubscriptionStatus {
  if (subscription.cancelled) return "cancelled";
  if (subscription.expiresAt <= now) return "expired";
  return subscription.startsAt > now ? "scheduled" : "active";
}

/**
 * A new subscription. Expiry = start + duration, or start = expiry − duration; with neither it starts now.
 *
 * @param previous the latest subscription of the external user
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
    return periodInvalid(
      expiresAt ? "/expiresAt" : "/duration",
      "The subscription would already be expired. Send a later date or a longer duration.",
    );
  }
  if (!isShowable(term))
    return periodInvalid("/duration", "The subscription must lie between the years 1970 and 9999.");
  if (previous !== undefined && isLive(previous, now)) {
    return new Problem("subscription_exists", "The user has a live subscription. Extend it, or cancel it first.");
  }
  return {
    id: newId("sub_", now),
    externalUserId,
    userEmail,
    ...term,
    cancelled: false,
    createdAt: timeOfChange(previous, now),
    updatedAt: timeOfChange(previous, now),
    revision: (previous?.revision ?? 0) + 1,
  };
}

/** The subscription with a later expiry: `duration` after the later of its expiry and now, or exactly the requested one. */
export function extend(
  subscription: Subscription,
  { duration, expiresAt: requested }: ExtensionRequest,
  now: Date,
): Subscription | Problem {
  if (subscription.cancelled) {
    return new Problem("subscription_cancelled", "A cancelled subscription cannot be extended. Create a new one.");
  }
  const earliest = subscription.expiresAt > now ? subscription.expiresAt : now;
  if (requested !== undefined && requested <= earliest) {
    return periodInvalid("/expiresAt", "The new expiry must be later than the old one and than now.");
  }
  const term = {
    duration: duration.text,
    startsAt: subscription.startsAt,
    expiresAt: requested ?? after(earliest, duration.period),
  };
  if (!isShowable(term)) return periodInvalid("/duration", "The subscription must end by the year 9999.");
  return {
    ...subscription,
    ...term,
    updatedAt: timeOfChange(subscription, now),
    revision: subscription.revision + 1,
  };
}

/** The subscription ended now; the same object if it is cancelled already. A scheduled one gets an empty term. */
export function cancel(subscription: Subscription, now: Date): Subscription {
  if (subscription.cancelled) return subscription;
  const { startsAt, expiresAt } = subscription;
  const moment = timeOfChange(subscription, now);
  return {
    ...subscription,
    startsAt: startsAt < moment ? startsAt : moment,
    expiresAt: expiresAt < moment ? expiresAt : moment,
    cancelled: true,
    updatedAt: moment,
    revision: subscription.revision + 1,
  };
}

/**
 * The subscription without the e-mail address of its user; the same object if that is erased already. The sale stays, under the
 * partner's own id of the user.
 */
export function erasePersonalData(subscription: Subscription, now: Date): Subscription {
  if (subscription.userEmail === "") return subscription;
  return {
    ...subscription,
    userEmail: "",
    updatedAt: timeOfChange(subscription, now),
    revision: subscription.revision + 1,
  };
}

/**
 * What time alone brings next, after a change: the notice that the subscription is about to expire. It comes no earlier than the
 * change and the start, so a short subscription is announced as soon as it runs. A cancelled one has no notice.
 *
 * @param expiryNotice how long before the expiry, as the partner has set it; undefined: the default
 */
export function noticeAfter(
  type: ChangeType,
  subscription: Subscription,
  expiryNotice: string | undefined,
): Notice | undefined {
  if (type === "cancelled") return undefined;
  // An erasure leaves the term as it is.
  if (type === "personal_data_erased") return subscription.notice;
  const { startsAt, expiresAt, updatedAt } = subscription;
  const announced = before(expiresAt, parsePeriod(expiryNotice ?? defaultExpiryNotice) as Period);
  return { type: "expiring", at: new Date(Math.max(...[announced, startsAt, updatedAt].map(Number))) };
}

/** The notice that follows the one that has been announced. */
export function followingNotice({ notice, expiresAt }: Subscription): Notice | undefined {
  return notice?.type === "expiring" ? { type: "expired", at: expiresAt } : undefined;
}

/**
 * How many live subscriptions this one is in their number: one until its end is announced. The notice says so rather than a clock,
 * so that each end is counted once, whichever clock sees it first.
 */
export function shareOfLive(subscription: Subscription | undefined): 0 | 1 {
  return subscription?.inLiveCount === true && subscription.notice !== undefined ? 1 : 0;
}

/** A notice, and the subscription before and after it is announced. */
export interface Passage {
  readonly notice: Notice;
  readonly before: Subscription;
  readonly after: Subscription;
}

/** The notice that a subscription announces next; undefined when none follows. */
export function nextPassage(before: Subscription): Passage | undefined {
  const { notice } = before;
  return notice && { notice, before, after: { ...before, notice: followingNotice(before) } };
}

/** What is to be announced by a moment, in its order. */
export function duePassages(subscription: Subscription, until: Date): readonly Passage[] {
  const passage = nextPassage(subscription);
  if (passage === undefined || passage.notice.at > until) return [];
  return [passage, ...duePassages(passage.after, until)];
}

/** The time of a change is never before that of the previous one, although clocks differ and calls overtake each other. */
function timeOfChange(before: Subscription | undefined, now: Date): Date {
  return before !== undefined && before.updatedAt > now ? before.updatedAt : now;
}

/** Whether the API can show a term: RFC 3339 has four digits for the year, and the API has none before 1970. */
function isShowable({ startsAt, expiresAt }: Term): boolean {
  return startsAt.getTime() >= 0 && expiresAt.getUTCFullYear() <= 9999;
}

function periodInvalid(pointer: string, detail: string): Problem {
  return new Problem("period_invalid", detail, { errors: [{ pointer, detail }] });
}
