/** The key that the health check reads. */
import type { Key } from "../runtime/key.ts";

/** Partition keys as roles are granted them. */
export const systemPartitions = { health: "HEALTH" } as const;

export const systemKey = {
  /** No item has this key: the check only proves that the table answers. */
  health: (): Key => ({ pk: "HEALTH", sk: "HEALTH" }),
} as const;
