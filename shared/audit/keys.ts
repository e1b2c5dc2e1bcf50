/** Keys of the audit trail. */
import { auditRecordPartitions } from "../contract/audit-partitions.ts";
import { auditShards, type AuditRecord } from "../contract/audit-record.ts";
import type { Partition } from "../runtime/key.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const auditPartitions = {
  records: auditRecordPartitions,
  targets: "AUDIT-TARGET#*",
  actors: "AUDIT-ACTOR#*",
} as const;

export const auditKey = {
  shards: (): readonly Partition<AuditRecord>[] =>
    Array.from({ length: auditShards }, (_, shard) => ({ pk: `AUDIT#${shard}` })),
  /** In `gsi1`. */
  target: (id: string): Partition<AuditRecord> => ({ pk: `AUDIT-TARGET#${id}` }),
  /** In `gsi2`. */
  actor: (id: string): Partition<AuditRecord> => ({ pk: `AUDIT-ACTOR#${id}` }),
} as const;
