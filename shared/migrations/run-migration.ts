/**
 * Runs migrations in small steps that can be interrupted anywhere and repeated: a step brings a page of a list up to date and
 * then stores its checkpoint, so a killed run repeats one page at the most, which changes nothing that is up to date.
 */
import { couponKey } from "../coupons/keys.ts";
import { partnerKey } from "../partners/keys.ts";
import type { Partition } from "../runtime/key.ts";
import type { Table } from "../runtime/table.ts";
import { userKey } from "../users/keys.ts";
import { addEventCounts } from "./add-event-counts.ts";
import { addExpiryNotices } from "./add-expiry-notices.ts";
import { addLiveCounts } from "./add-live-counts.ts";
import { addSessionStarts } from "./add-session-starts.ts";
import { addCompanyPlaces, addCouponPlaces, addPartnerPlaces, addUserPlaces } from "./add-search-places.ts";
import type { MigrationName } from "./contract.ts";
import type { Count, Segment } from "./model.ts";
import { advance, planSegments, restart } from "./rules.ts";
import { findEnds, findSegments, listEntries, segmentsChange, segmentsCreation } from "./store.ts";

/** How a migration works. */
interface Steps {
  /** The partition that lists what is brought up to date, by id. */
  readonly list: Partition;
  /** Brings everything of one entry up to date; a repetition changes nothing. */
  readonly migrate: (table: Table, id: string) => Promise<Count>;
}

const stepsOf: Readonly<Record<MigrationName, Steps>> = {
  "event-count": { list: partnerKey.partner(""), migrate: addEventCounts },
  "expiry-notice": { list: partnerKey.partner(""), migrate: addExpiryNotices },
  "live-count": { list: partnerKey.partner(""), migrate: addLiveCounts },
  "session-start": { list: userKey.userPlace(""), migrate: addSessionStarts },
  "user-search": { list: userKey.userPlace(""), migrate: addUserPlaces },
  "coupon-search": { list: couponKey.coupon(""), migrate: addCouponPlaces },
  "company-search": { list: partnerKey.partner(""), migrate: addCompanyPlaces },
  "partner-search": { list: partnerKey.partner(""), migrate: addPartnerPlaces },
};

/** What one run may do. */
export interface RunLimits {
  readonly maxEntries: number;
  /** No step begins after it, in milliseconds of the epoch. */
  readonly until: number;
  readonly now: () => Date;
}

const entriesPerStep = 25;

/**
 * Makes the segments of a migration; when all of them are done, they begin again. A round in progress is left as it is.
 *
 * @throws ConcurrencyConflict when another run did it meanwhile
 */
export async function beginMigration(table: Table, migration: MigrationName, now: Date): Promise<void> {
  const segments = await findSegments(table, migration);
  if (segments.some(({ done }) => !done)) return;
  if (segments.length > 0) {
    const again = segments.map((segment) => restart(segment, now));
    await table.commit(segmentsChange(migration, again));
    return;
  }
  const ends = await findEnds(table, stepsOf[migration].list);
  if (ends === undefined) return;
  await table.commit(segmentsCreation(migration, planSegments(ends.first, ends.last, now)));
}

/**
 * Works on a segment until it is done or a limit is reached.
 *
 * @returns the segment; undefined if the migration has none with this number
 * @throws ConcurrencyConflict when another run works on the same segment
 */
export async function continueMigration(
  table: Table,
  migration: MigrationName,
  number: number,
  limits: RunLimits,
): Promise<Segment | undefined> {
  const { list, migrate } = stepsOf[migration];
  let segment = (await findSegments(table, migration)).find((one) => one.number === number);
  for (let left = limits.maxEntries; segment?.done === false && left > 0 && Date.now() < limits.until;) {
    const { sortKeys, lastKey } = await listEntries(table, list, segment, Math.min(left, entriesPerStep));
    const counts = await Promise.all(sortKeys.map((id) => migrate(table, id)));
    segment = advance(segment, lastKey, sum(counts), limits.now());
    await table.commit(segmentsChange(migration, [segment]));
    left -= sortKeys.length;
  }
  return segment;
}

function sum(counts: readonly Count[]): Count {
  return {
    read: counts.reduce((total, { read }) => total + read, 0),
    changed: counts.reduce((total, { changed }) => total + changed, 0),
  };
}
