/** Reads several partitions that hold one list in turns, as one list. */
import type { Partition } from "./key.ts";
import type { Page, PageRequest, QueryRange, Table } from "./table.ts";

/** A page of a list whose items are spread over partitions by their sort keys, which are unique in all of them. */
export interface ShardedRange<Shape> extends PageRequest, Pick<QueryRange, "from" | "index"> {
  readonly partitions: readonly Partition<Shape>[];
}

/** A page of the list, highest sort key first. It may be short although more follow. @throws Problem `unavailable` */
export async function queryShards<Shape>(
  table: Table,
  { partitions, ...range }: ShardedRange<Shape>,
): Promise<Page<Shape>> {
  const pages = await Promise.all(
    partitions.map((partition) => table.query({ ...range, partition, descending: true })),
  );
  // Nothing is known of a partition beyond its page, so the merged page ends where the first of them ends.
  const frontier = pages
    .flatMap(({ lastKey }) => lastKey ?? [])
    .sort()
    .at(-1);
  const known = pages
    .flatMap(({ items, sortKeys }) => items.map((item, index) => ({ item, sortKey: sortKeys[index] as string })))
    .filter(({ sortKey }) => frontier === undefined || sortKey >= frontier)
    .sort((a, b) => (a.sortKey > b.sortKey ? -1 : 1));
  const kept = known.slice(0, range.limit);
  const lastKey = known.length > range.limit ? kept.at(-1)?.sortKey : frontier;
  return {
    items: kept.map(({ item }) => item),
    sortKeys: kept.map(({ sortKey }) => sortKey),
    ...(lastKey !== undefined && { lastKey }),
  };
}

/** The maximum number of pages that one call reads to fill its own. */
const maxPages = 8;

/** The next items of the list that pass a filter. The page may be short although more follow. */
export async function filterShards<Shape>(
  table: Table,
  range: ShardedRange<Shape>,
  passes: (item: Shape) => boolean,
): Promise<Pick<Page<Shape>, "items" | "lastKey">> {
  const found: Shape[] = [];
  let { after } = range;
  for (let pages = 0; pages < maxPages; pages++) {
    const { items, sortKeys, lastKey } = await queryShards(table, { ...range, after });
    for (const [index, item] of items.entries()) {
      if (!passes(item)) continue;
      found.push(item);
      if (found.length < range.limit) continue;
      const isLast = index === items.length - 1;
      const place = isLast ? lastKey : sortKeys[index];
      return { items: found, ...(place !== undefined && { lastKey: place }) };
    }
    if (lastKey === undefined) return { items: found };
    after = lastKey;
  }
  return { items: found, ...(after !== undefined && { lastKey: after }) };
}
