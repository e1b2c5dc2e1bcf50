/** Keys of the checkpoints of migrations. */
import type { Key } from "../runtime/key.ts";
import type { Segment } from "./model.ts";

/** Partition keys as roles are granted them. */
export const migrationPartitions = { segments: "MIGRATION#*" } as const;

export const migrationKey = {
  segment: (migration: string, number: number): Key<Segment> => ({
    pk: `MIGRATION#${migration}`,
    sk: `SEGMENT#${String(number).padStart(2, "0")}`,
  }),
} as const;
