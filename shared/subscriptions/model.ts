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

export const noticeTypes = ["expiring", "expired"] as const;

/** The next event that time alone brings, and its moment. */
interface NoticeWith<Time> {
  readonly type: (typeof noticeTypes)[number];
  readonly at: Time;
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
  /** Absent when none follows, and in subscriptions of earlier releases until the migration `expiry-notice` adds it. */
  readonly notice?: NoticeWith<Time> | undefined;
  /**
   * The number of live subscriptions has this one, or had it until its end was announced. Absent in those of earlier releases
   * until they change, or the migration `live-count` adds it.
   */
  readonly inLiveCount?: true | undefined;
  /** Sold in a sandbox: its notices are not in the index, because its test clock brings them, not the schedule. */
  readonly sandbox?: true | undefined;
}

export type Term = TermWith<Date>;
export type Notice = NoticeWith<Date>;
export type Subscription = SubscriptionWith<Date>;

/** A term and a subscription as they are kept: times are RFC 3339. */
export type StoredTerm = TermWith<string>;
export type StoredNotice = NoticeWith<string>;
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

/** How long before its expiry a subscription is announced, unless its partner has set something else. */
export const defaultExpiryNotice = "P7D";

/** Whole days from `P1D` to `P90D`. */
export const expiryNoticePattern = /^P([1-9]|[1-8][0-9]|90)D$/;

/** How far the notices have been announced. */
export interface NoticePosition {
  /** Every notice of an earlier hour has been announced: `2026-11-20T12`. */
  readonly hour: string;
  readonly revision: number;
}
