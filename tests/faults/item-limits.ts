/**
 * Adds DynamoDB's limits on an item, which the engine does not have: an item in a running transaction conflicts, and an item
 * that is written too often is throttled.
 */
import { setTimeout as delay } from "node:timers/promises";
import { cancelledAnswer, partsOf } from "./fault-injector.ts";
import type { Interceptor } from "../../infra/local/services/service-proxy.ts";

export interface ItemLimits {
  /** Maximum number of transactions on an item in a second. DynamoDB's 1,000 write units allow 500 at 1 KB. */
  readonly transactionsPerSecond: number;
  /** How long a transaction holds an item after the engine has answered. */
  readonly holdMs: number;
  /** Other partition keys have no limit. */
  readonly keyPrefix: string;
}

export interface ItemLimitCounts {
  conflicts: number;
  throttles: number;
}

/** @param counts counts the refused transactions */
export function itemLimits(
  { transactionsPerSecond, holdMs, keyPrefix }: ItemLimits,
  counts: ItemLimitCounts = { conflicts: 0, throttles: 0 },
): Interceptor {
  const held = new Set<string>();
  /** When an item has room for the next transaction. A tenth of a second's transactions may come at once. */
  const roomAt = new Map<string, number>();
  const turnMs = 1000 / transactionsPerSecond;
  return async (call, next) => {
    if (call.action !== "TransactWriteItems") return await next();
    const parts = partsOf(call);
    for (const { index, key = "" } of parts) {
      if (!key.startsWith(keyPrefix)) continue;
      if (held.has(key)) {
        counts.conflicts++;
        return cancelledAnswer("TransactionConflict", index, parts.length);
      }
      const now = performance.now();
      const room = Math.max(roomAt.get(key) ?? 0, now - 100);
      if (room > now) {
        counts.throttles++;
        return cancelledAnswer("ThrottlingError", index, parts.length);
      }
      roomAt.set(key, room + turnMs);
    }
    const keys = parts.flatMap(({ key = "" }) => (key.startsWith(keyPrefix) ? [key] : []));
    for (const key of keys) held.add(key);
    try {
      const answer = await next();
      await delay(holdMs);
      return answer;
    } finally {
      for (const key of keys) held.delete(key);
    }
  };
}
