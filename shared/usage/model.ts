/** Counts as they are kept, by partner and day of UTC. */
import { subscriptionEventTypes } from "../events/model.ts";

/** The attributes are routes, such as `GET /v1/subscriptions`, or `requests` of all partners; `refused`, and the day itself. */
export type StoredDay = {
  readonly day: string;
  readonly ttl: number;
} & Readonly<Record<string, number | string>>;

/** The events that are counted: any change of a subscription may change the number of live ones. */
export const countedTypes = subscriptionEventTypes.filter((type) => type !== "subscription.expiring");

/** What is counted of subscriptions. */
export const subscriptionCounts = ["created", "extended", "cancelled", "expired", "live"] as const;
export type SubscriptionCount = (typeof subscriptionCounts)[number];

/**
 * What the events of a day, or of all time, come to. `live` is the change of the number of live subscriptions: of all time, it is
 * that number.
 */
export type StoredSubscriptions = Readonly<Partial<Record<SubscriptionCount, number>>> & {
  /** Absent for all time. */
  readonly day?: string;
  readonly ttl?: number;
};

/** Where a partner reads its usage. */
export const usagePath = "/v1/usage";

/** Counts the calls beyond the partner's limits. */
export const refusedName = "refused";

/** Counts the calls of all partners together, whatever their routes are. */
export const requestsName = "requests";

/** The maximum number of days in one answer. */
export const maxRangeDays = 90;

/** The number of days in an answer to a request that names none. */
export const defaultRangeDays = 30;
