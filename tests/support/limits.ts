/** The counters of limits without a table, for simulations on a clock of their own. */
import type { LimitItem } from "../../shared/limits/model.ts";
import { takeLease } from "../../shared/limits/take-lease.ts";
import type { Table } from "../../shared/runtime/table.ts";
import type { TakeLease } from "../../shared/limits/meter-calls.ts";

export interface CountersInMemory {
  readonly takeLease: TakeLease;
  readonly item: () => LimitItem;
  /** Updates, those that failed on their condition included. */
  readonly writes: () => number;
}

/** Evaluates the updates of leases as DynamoDB does. */
export function countersInMemory(): CountersInMemory {
  let item: Record<string, number> = {};
  let writes = 0;
  const update: Pick<Table, "update">["update"] = (write) => {
    writes += 1;
    const names = { ...write.condition?.names, ...write.set.names } as Record<string, string>;
    const values = { ...write.condition?.values, ...write.set.values } as Record<string, number>;
    const month = names["#month"] ?? "";
    const { fullAt } = item;
    const before = values[":before"] ?? NaN;
    const isFull = ":fullAt" in values;
    const isBucketAsGuessed = isFull
      ? fullAt === undefined || fullAt < before
      : fullAt !== undefined && fullAt >= before && fullAt <= (values[":latest"] ?? NaN);
    if (!isBucketAsGuessed || (item[month] ?? 0) > (values[":maxUsed"] ?? NaN)) {
      return Promise.reject(write.onConditionFailed?.({ ...item }, () => false) ?? new Error("no meaning"));
    }
    item = {
      ...item,
      fullAt: isFull ? (values[":fullAt"] ?? NaN) : (fullAt ?? NaN) + (values[":cost"] ?? NaN),
      [month]: (item[month] ?? 0) + (values[":count"] ?? NaN),
    };
    return Promise.resolve({ ...item } as never);
  };
  // Leases need no other method.
  const table = { update } as unknown as Table;
  return {
    takeLease: (partnerId, request) => takeLease(table, partnerId, request),
    item: () => item,
    writes: () => writes,
  };
}
