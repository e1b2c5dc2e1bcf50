/** Reads and writes of the checkpoints, and of the lists that migrations walk. */
import type { Partition } from "../runtime/key.ts";
import type { Change, Page, Table } from "../runtime/table.ts";
import { putAbsent, putUnchanged } from "../runtime/writes.ts";
import { migrationKey } from "./keys.ts";
import type { Segment } from "./model.ts";

/** The segments of a migration in their order; none before it began. */
export async function findSegments(table: Table, migration: string): Promise<readonly Segment[]> {
  return (await table.query({ partition: migrationKey.segment(migration, 0), limit: 100 })).items;
}

/** Creates the segments, unless another run has. */
export function segmentsCreation(migration: string, segments: readonly Segment[]): Change {
  return segments.map((segment) => putAbsent(migrationKey.segment(migration, segment.number), segment));
}

/** Replaces segments that no other run has changed since they were read. */
export function segmentsChange(migration: string, segments: readonly Segment[]): Change {
  return segments.map((segment) =>
    putUnchanged(migrationKey.segment(migration, segment.number), segment, segment.revision - 1),
  );
}

/** The first and the last id of a list; undefined for an empty one. */
export async function findEnds(
  table: Table,
  list: Partition,
): Promise<{ readonly first: string; readonly last: string } | undefined> {
  const [{ sortKeys: starts }, { sortKeys: ends }] = await Promise.all([
    table.query({ partition: list, limit: 1 }),
    table.query({ partition: list, limit: 1, descending: true }),
  ]);
  const [first, last] = [starts[0], ends[0]];
  return first === undefined || last === undefined ? undefined : { first, last };
}

/** The next entries of a segment. */
export async function listEntries(
  table: Table,
  list: Partition,
  { after, from, to }: Segment,
  limit: number,
): Promise<Pick<Page<unknown>, "sortKeys" | "lastKey">> {
  return await table.query({ partition: list, after: after ?? from, to, limit });
}
