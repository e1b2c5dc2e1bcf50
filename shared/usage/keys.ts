/** Keys of what is counted: calls and subscriptions. */
import { shardOf, type Key, type Partition } from "../runtime/key.ts";
import type { StoredDay, StoredSubscriptions } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const usagePartitions = {
  usage: "USAGE#*",
  subscriptions: "SUBSCRIPTION-COUNTS#*",
} as const;

/** The counts of all partners together: one item would limit the rate of all sales and calls. */
const shardCount = 8;

export const usageKey = {
  /** The calls of one day. @param owner a partner's id, or a shard of all partners @param day `2026-11-20` */
  day: (owner: string, day: string): Key<StoredDay> => ({ pk: `USAGE#${owner}`, sk: day }),
  days: (owner: string): Partition<StoredDay> => ({ pk: `USAGE#${owner}` }),
  subscriptions: (owner: string, day: string): Key<StoredSubscriptions> => ({
    pk: `SUBSCRIPTION-COUNTS#${owner}`,
    sk: day,
  }),
  /** Behind all days. */
  allSubscriptions: (owner: string): Key<StoredSubscriptions> => ({ pk: `SUBSCRIPTION-COUNTS#${owner}`, sk: "TOTAL" }),
} as const;

/** The shard of all partners that counts a partner. */
export function shardOfAll(partnerId: string): string {
  return `ALL#${shardOf(partnerId, shardCount)}`;
}

/** All shards that count all partners together. */
export const shardsOfAll: readonly string[] = Array.from({ length: shardCount }, (_, shard) => `ALL#${shard}`);
