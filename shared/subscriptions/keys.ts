/** Keys of subscriptions, their places by expiry and their history. */
import { padded, type IndexKey, type Key, type Partition } from "../runtime/key.ts";
import type { HistoryEntry, StoredSubscription } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const subscriptionPartitions = {
  subscriptions: "SUBSCRIPTIONS#*",
  histories: "SUBSCRIPTION-HISTORY#*",
  /** In the index only. */
  subscriptionIds: "SUBSCRIPTION-ID#*",
} as const;

/** The partition keys of one partner alone. */
export function subscriptionPartitionsOf(partnerId: string): readonly string[] {
  return [`SUBSCRIPTIONS#${partnerId}`, `SUBSCRIPTION-HISTORY#${partnerId}#*`];
}

export const subscriptionKey = {
  /** The latest subscription of an external user. */
  subscription: (partnerId: string, externalUserId: string): Key<StoredSubscription> => ({
    pk: `SUBSCRIPTIONS#${partnerId}`,
    sk: externalUserId,
  }),
  /** Entries sort by the revision of the subscription that they describe: the order of the commits, whatever the clocks say. */
  historyEntry: (partnerId: string, externalUserId: string, revision: number): Key<HistoryEntry> => ({
    pk: `SUBSCRIPTION-HISTORY#${partnerId}#${externalUserId}`,
    sk: padded(revision),
  }),
} as const;

/** A partner's subscriptions in the index, by expiry. Cancelled ones are apart: they expire when they are cancelled. */
export function byExpiry(partnerId: string, cancelled: boolean): Partition<StoredSubscription> {
  const { pk } = subscriptionKey.subscription(partnerId, "");
  return { pk: cancelled ? `${pk}#CANCELLED` : pk };
}

/** The place of a subscription in the index. */
export function placeByExpiry(partnerId: string, subscription: StoredSubscription): IndexKey {
  const { cancelled, expiresAt, externalUserId } = subscription;
  return { gsi1pk: byExpiry(partnerId, cancelled).pk, gsi1sk: `${expiresAt}#${externalUserId}` };
}

/** The place of a sale in the index: the entry of the history that it began with. */
export function placeById(
  partnerId: string,
  { id, externalUserId }: Pick<StoredSubscription, "id" | "externalUserId">,
) {
  return { gsi1pk: `SUBSCRIPTION-ID#${id}`, gsi1sk: `${partnerId}#${externalUserId}` } satisfies IndexKey;
}
