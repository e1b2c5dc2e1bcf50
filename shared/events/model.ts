/** Events as they are kept: what has happened to a partner's subscriptions, to its companies and to the partner itself. */

export const subscriptionEventTypes = [
  "subscription.created",
  "subscription.extended",
  "subscription.cancelled",
  "subscription.personal_data_erased",
  "subscription.expiring",
  "subscription.expired",
] as const;

export const companyEventTypes = ["company.created", "company.changed", "company.deleted"] as const;

export const partnerEventTypes = ["partner.created", "partner.changed", "partner.deleted"] as const;

export const webhookEventTypes = ["webhook_endpoint.disabled", "webhook.test"] as const;

export const eventTypes = [
  ...subscriptionEventTypes,
  ...companyEventTypes,
  ...partnerEventTypes,
  ...webhookEventTypes,
] as const;
export type EventType = (typeof eventTypes)[number];

/** A subscription after the event. It has no e-mail address, so that an erasure need not find events. */
export interface SubscriptionSnapshot {
  readonly id: string;
  readonly externalUserId: string;
  readonly duration: string;
  readonly startsAt: string;
  readonly expiresAt: string;
  readonly status: "scheduled" | "active" | "expired" | "cancelled";
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly etag: string;
}

/** A company after the event, or as it was deleted. It has neither telephone number nor bank accounts. */
export interface CompanySnapshot {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly etag: string;
}

/** A partner after the event, or as it was deleted. It has no e-mail address. */
export interface PartnerSnapshot {
  readonly id: string;
  readonly name: string;
  readonly websiteUrl: string;
  readonly status: "active" | "suspended";
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly etag: string;
}

/** A webhook endpoint after the event. It has no URL, because partners put tokens into URLs. */
export interface WebhookEndpointSnapshot {
  readonly id: string;
  readonly description: string;
  readonly status: "enabled" | "disabled";
  /** Why it is disabled: null while it is enabled. */
  readonly disabledReason: "by_partner" | "gone" | "failing" | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly etag: string;
}

/** What has happened, and to what. */
export type Occurrence =
  | {
      readonly type: (typeof subscriptionEventTypes)[number];
      readonly data: SubscriptionSnapshot;
      /** How the number of live subscriptions changes; absent: not at all. It is kept with the event, and not shown. */
      readonly liveChange?: 1 | -1 | undefined;
      /** In a sandbox: it counts for no one else. Kept with the event, and not shown. */
      readonly sandbox?: true;
    }
  | { readonly type: (typeof companyEventTypes)[number]; readonly data: CompanySnapshot }
  | { readonly type: (typeof partnerEventTypes)[number]; readonly data: PartnerSnapshot }
  | { readonly type: (typeof webhookEventTypes)[number]; readonly data: WebhookEndpointSnapshot };

/** The request that made a change. */
export interface EventRequest {
  readonly id: string;
  readonly idempotencyKey: string | null;
}

/** An event as it is kept. Times are RFC 3339. */
export type StoredEvent = Occurrence & {
  readonly id: string;
  readonly createdAt: string;
  /** Null for an event without a request: time has passed. */
  readonly request: EventRequest | null;
  /** Seconds of the epoch. DynamoDB deletes the item some time later. */
  readonly ttl: number;
  /** Set in the transaction that adds the event to the counts of subscriptions: it is counted once. */
  readonly counted?: true;
};

/** How long events are shown. */
export const eventDays = 30;

const dayMs = 86_400_000;

/** When an event is no longer shown, in seconds of the epoch. */
export function forgottenFrom(writtenAt: Date): number {
  return Math.ceil((writtenAt.getTime() + eventDays * dayMs) / 1000);
}
