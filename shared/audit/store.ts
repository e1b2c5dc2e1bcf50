/** Reads of the audit trail. Serving an operation writes it: see `shared/contract/audit-record.ts`. */
import { auditDays, type AuditRecord } from "../contract/audit-record.ts";
import { beforeIdsFrom } from "../domain/ids.ts";
import { filterShards, type ShardedRange } from "../runtime/shards.ts";
import type { Page, PageRequest, Table } from "../runtime/table.ts";
import { auditKey } from "./keys.ts";

export interface AuditFilters {
  readonly actor?: string | undefined;
  readonly target?: string | undefined;
  readonly operation?: string | undefined;
  readonly from?: Date | undefined;
  readonly before?: Date | undefined;
  readonly now: Date;
}

/** A page of the records, newest first. It may be short although more follow. */
export async function listRecords(
  table: Table,
  filters: AuditFilters,
  page: PageRequest,
): Promise<Pick<Page<AuditRecord>, "items" | "lastKey">> {
  const { actor, operation, from, before, now } = filters;
  const first = new Date(now.getTime() - auditDays * 86_400_000);
  const range = {
    ...sourceOf(filters),
    from: beforeIdsFrom("aud_", from !== undefined && from > first ? from : first),
    after: page.after ?? (before && beforeIdsFrom("aud_", before)),
    limit: page.limit,
  };
  const passes = (record: AuditRecord) =>
    (operation === undefined || record.operation === operation) && (actor === undefined || record.actor.id === actor);
  return await filterShards(table, range, passes);
}

/** The index of a target or an actor is shorter than the whole trail. */
function sourceOf({ actor, target }: AuditFilters): Pick<ShardedRange<AuditRecord>, "partitions" | "index"> {
  if (target !== undefined) return { partitions: [auditKey.target(target)], index: "gsi1" };
  if (actor !== undefined) return { partitions: [auditKey.actor(actor)], index: "gsi2" };
  return { partitions: auditKey.shards() };
}
