/** Keys of subscriptions, their places by expiry, their notices and their history. */
import { padded, shardOf, type IndexKey, type Key, type Partition, type SecondIndexKey } from "../runtime/key.ts";
import type { HistoryEntry, NoticePosition, StoredNotice, StoredSubscription } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const subscriptionPartitions = {
  subscriptions: "SUBSCRIPTIONS#*",
  histories: "SUBSCRIPTION-HISTORY#*",
  /** In the index only. */
  subscriptionIds: "SUBSCRIPTION-ID#*",
  notices: "EXPIRY#*",
  noticePosition: "EXPIRY-POSITION",
} as const;

/** The attributes that an announcement updates, and those that it makes sure of. */
export const noticeAttributes = ["notice", "gsi2pk", "gsi2sk", "revision", "inLiveCount"] as const;

/** The attributes that the migration `live-count` updates, and those that it makes sure of. */
export const liveCountAttributes = ["inLiveCount", "notice", "revision"] as const;

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
  noticePosition: (): Key<NoticePosition> => ({ pk: "EXPIRY-POSITION", sk: "EXPIRY-POSITION" }),
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

/** Many subscriptions may end at the same moment, such as midnight: one partition would limit the rate of their sale. */
export const noticeShards = 16;

/** The hour of a moment: `2026-11-20T12`. Hours sort like their moments. */
export function hourOf(moment: string): string {
  return moment.slice(0, 13);
}

/** The notices of an hour in the index `gsi2`, by their moments. */
export function noticesOf(hour: string, shard: number): Partition<StoredSubscription> {
  return { pk: `EXPIRY#${hour}#${shard}` };
}

/** The place of a subscription among the notices. */
export function placeByNotice(partnerId: string, externalUserId: string, { at }: StoredNotice): SecondIndexKey {
  const owner = `${partnerId}#${externalUserId}`;
  return { gsi2pk: noticesOf(hourOf(at), shardOf(owner, noticeShards)).pk, gsi2sk: `${at}#${owner}` };
}

/** The partner of a place among the notices. */
export function partnerAt(gsi2sk: string): string {
  return gsi2sk.split("#")[1] ?? "";
}
