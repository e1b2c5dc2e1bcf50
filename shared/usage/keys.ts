/** Keys of the counts of calls. */
import type { Key, Partition } from "../runtime/key.ts";
import type { StoredDay } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const usagePartitions = { usage: "USAGE#*" } as const;

export const usageKey = {
  /** A partner's calls of one day. @param day `2026-11-20` */
  day: (partnerId: string, day: string): Key<StoredDay> => ({ pk: `USAGE#${partnerId}`, sk: day }),
  days: (partnerId: string): Partition<StoredDay> => ({ pk: `USAGE#${partnerId}` }),
} as const;
