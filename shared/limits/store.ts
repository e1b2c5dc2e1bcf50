/** Writes to the counters of limits. */
import type { Expression, Item, UpdateWrite } from "../runtime/table.ts";
import { all } from "../runtime/writes.ts";
import { limitKey } from "./keys.ts";
import { monthOf, type LeaseRequest, type LimitItem } from "./model.ts";
import { termsOf } from "./rules.ts";

/** Thrown when the counters do not allow a lease on the terms that were guessed. */
export class LeaseMissed extends Error {
  readonly item: LimitItem;

  constructor(item: Item = {}) {
    super();
    this.item = item;
  }
}

/** Counts expire two months after the last call, and those of earlier months with the next one. */
const keptSeconds = 62 * 86_400;

/** Takes a lease of tokens and of calls of the month. @throws LeaseMissed from `table.update` */
export function leaseUpdate(partnerId: string, request: LeaseRequest): UpdateWrite<LimitItem> {
  const { cost, isFull, fullBefore, latestFullAt, count, maxUsed } = termsOf(request);
  const { now } = request;
  const month = { "#month": monthOf(now).attribute };
  const past = { "#past": monthOf(now - keptSeconds * 1000).attribute };
  const times = { ":before": fullBefore };
  const bucket: Expression = isFull
    ? { expression: "attribute_not_exists(fullAt) OR fullAt < :before", values: times }
    : { expression: "fullAt BETWEEN :before AND :latest", values: { ...times, ":latest": latestFullAt } };
  const quota = { expression: "attribute_not_exists(#month) OR #month <= :maxUsed", values: { ":maxUsed": maxUsed } };
  return {
    update: limitKey.limits(partnerId),
    condition: all(bucket, { ...quota, names: month }),
    set: {
      expression: `SET fullAt = ${isFull ? ":fullAt" : "fullAt + :cost"}, #ttl = :ttl ADD #month :count REMOVE #past`,
      names: { "#ttl": "ttl", ...month, ...past },
      values: {
        ...(isFull ? { ":fullAt": now * 1000 + cost } : { ":cost": cost }),
        ":count": count,
        ":ttl": Math.ceil(now / 1000) + keptSeconds,
      },
    },
    onConditionFailed: (existing) => new LeaseMissed(existing),
  };
}
