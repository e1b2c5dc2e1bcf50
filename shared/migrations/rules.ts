/** How a list is split, and how its segments proceed. Pure: no AWS, and the time is an argument. */
import { beforeIdsFrom, timeOf } from "../domain/ids.ts";
import type { Count, Segment } from "./model.ts";

const segmentCount = 8;

/**
 * Splits a list of ids into ranges of equal time. Ids begin with their time, so ranges of equal letters would all be empty
 * but one.
 *
 * @param first the first id of the list @param last the last one
 */
export function planSegments(first: string, last: string, now: Date): readonly Segment[] {
  const [start, end] = [timeOf(first).getTime(), timeOf(last).getTime()];
  const borders = Array.from({ length: segmentCount - 1 }, (_, index) =>
    beforeIdsFrom(first.slice(0, 4), new Date(start + Math.floor(((end - start) * (index + 1)) / segmentCount))),
  );
  return [undefined, ...borders].map((from, index) => {
    const to = borders[index];
    return {
      number: index + 1,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      read: 0,
      changed: 0,
      done: false,
      updatedAt: now.toISOString(),
      revision: 1,
    };
  });
}

/** The segment after a page of entries. @param last the last entry that is done; undefined when none follows */
export function advance(segment: Segment, last: string | undefined, { read, changed }: Count, now: Date): Segment {
  return {
    ...segment,
    ...(last === undefined ? { done: true } : { after: last }),
    read: segment.read + read,
    changed: segment.changed + changed,
    updatedAt: now.toISOString(),
    revision: segment.revision + 1,
  };
}

/** The segment at the start of a new round. */
export function restart({ after: _done, ...segment }: Segment, now: Date): Segment {
  return {
    ...segment,
    ...{ read: 0, changed: 0, done: false },
    updatedAt: now.toISOString(),
    revision: segment.revision + 1,
  };
}
