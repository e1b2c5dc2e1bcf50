/** Keys of the counters behind the limits of partners. */
import type { Key } from "../runtime/key.ts";
import type { LimitItem } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const limitPartitions = {
  limits: "LIMITS#*",
} as const;

export const limitKey = {
  /** The bucket and the monthly counts of one partner. */
  limits: (partnerId: string): Key<LimitItem> => ({ pk: `LIMITS#${partnerId}`, sk: "LIMITS" }),
} as const;
