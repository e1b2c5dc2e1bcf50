/** Subscriptions and their history as they are kept, with the type that the rules decide on. */

export const subscriptionStatuses = ["scheduled", "active", "expired", "cancelled"] as const;
export type SubscriptionStatus = (typeof subscriptionStatuses)[number];

export const changeTypes = ["created", "extended", "cancelled", "personal_data_erased"] as const;
export type ChangeType = (typeof changeTypes)[number];

/** The start and end of a subscription, and the duration that last decided them. */
interface TermWith<Time> {
  /** ISO 8601, as sent: `P1M`. */
  readonly duration: string;
  readonly startsAt: Time;
  readonly expiresAt: Time;
}

interface SubscriptionWith<Time> extends TermWith<Time> {
  readonly id: string;
  readonly externalUserId: string;
  /** Empty once it is erased. */
  readonly userEmail: string;
  readonly cancelled: boolean;
  readonly createdAt: Time;
  readonly updatedAt: Time;
  /** Counts the changes for this external user across all of its subscriptions. */
  readonly revision: number;
}

export type Term = TermWith<Date>;
export type Subscription = SubscriptionWith<Date>;

/** A term and a subscription as they are kept: times are RFC 3339. */
export type StoredTerm = TermWith<string>;
export type StoredSubscription = SubscriptionWith<string>;

/** A change of a subscription as it is kept. */
export interface HistoryEntry {
  readonly id: string;
  readonly type: ChangeType;
  /** RFC 3339. */
  readonly at: string;
  /** The term before the change; null for a new subscription. */
  readonly from: StoredTerm | null;
  readonly to: StoredTerm;
  /** `jti` of the access token that made the change. */
  readonly tokenId: string;
}

/** The term alone. DynamoDB returns members in any order; here they have the one that callers see. */
export function termOf({ duration, startsAt, expiresAt }: StoredTerm): StoredTerm {
  return { duration, startsAt, expiresAt };
}
