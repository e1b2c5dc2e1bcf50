/**
 * Advances the clock of a sandbox in two steps. First it commits the new time. From then on every change of a subscription is
 * decided by that time, because each holds on the condition of the clock. Then it announces what is due, each notice in a
 * transaction on the condition that the subscription still has it. So an interrupted advance goes on where it stopped, and
 * parallel ones neither lose nor repeat a notice.
 */
import type { AuditEntry } from "../contract/audit-record.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { orThrow } from "../domain/problems.ts";
import type { TestClock } from "../identity/model.ts";
import { testClockChange } from "../identity/store.ts";
import { hashed } from "../runtime/key.ts";
import type { Table, Write } from "../runtime/table.ts";
import type { Subscription } from "../subscriptions/model.ts";
import { duePassages } from "../subscriptions/rules.ts";
import { allSubscriptions, noticeAnnouncement } from "../subscriptions/store.ts";
import type { AdvanceRequest } from "./contract.ts";
import { advancedTime } from "./rules.ts";
import { readTestClock } from "./store.ts";

export interface Move {
  readonly request: AdvanceRequest;
  readonly idempotencyKey: string | undefined;
  readonly auditing: (entry: AuditEntry) => Write;
}

/**
 * Moves the clock once, and never back.
 *
 * @param idempotencyKey of the request: with the key of the last move the clock stays, because that request is repeated
 * @throws Problem `validation_failed`
 * @throws ConcurrencyConflict when the clock was moved since it was read
 */
export async function moveClock(
  table: Table,
  sandboxId: string,
  { request, idempotencyKey, auditing }: Move,
): Promise<void> {
  const clock = await readTestClock(table, sandboxId);
  const movedBy = idempotencyKey === undefined ? undefined : hashed(idempotencyKey);
  if (movedBy !== undefined && clock.movedBy === movedBy) return;
  const time = orThrow(advancedTime(new Date(clock.time), request)).toISOString();
  if (time === clock.time) return;
  const moved = { time, announcedTo: clock.announcedTo, ...(movedBy !== undefined && { movedBy }) };
  const record = auditing({ target: sandboxId, before: { time: clock.time }, after: { time } });
  await table.commit([testClockChange(sandboxId, clock, moved), record]);
}

export interface AnnouncementLimits {
  /** The maximum number of notices of one call: it ends in time even while the table is throttled. */
  readonly maxNotices: number;
  /** How many notices of the same moment are announced at the same time. */
  readonly atOnce: number;
}

const defaultLimits: AnnouncementLimits = { maxNotices: 500, atOnce: 10 };

/**
 * Announces what is due by the time of a clock, in the order of the moments.
 *
 * @returns whether nothing is left
 * @throws Problem `unavailable`; a repeated call goes on
 */
export async function announceDue(
  table: Table,
  sandboxId: string,
  { clock, now, limits = defaultLimits }: AnnouncementRequest,
): Promise<boolean> {
  const until = new Date(clock.time);
  let left = limits.maxNotices;
  // A subscription that changed meanwhile is read again. What is sold meanwhile announces its own notices.
  for (;;) {
    const due = await findDue(table, sandboxId, until);
    if (due.length === 0) return true;
    const allowed = due.slice(0, left);
    for (const moment of byMoments(allowed)) {
      for (let first = 0; first < moment.length; first += limits.atOnce) {
        const slice = moment.slice(first, first + limits.atOnce);
        await Promise.all(slice.map((subscription) => announce(table, sandboxId, { subscription, until, now })));
      }
    }
    left -= allowed.length;
    if (allowed.length < due.length || left === 0) return (await findDue(table, sandboxId, until)).length === 0;
  }
}

export interface AnnouncementRequest {
  readonly clock: TestClock;
  /** The real time. */
  readonly now: () => Date;
  readonly limits?: AnnouncementLimits;
}

/** The due notices of all subscriptions in the order of their moments: each with the subscription as it is then. */
async function findDue(table: Table, sandboxId: string, until: Date): Promise<readonly Subscription[]> {
  const due: Subscription[] = [];
  // From the table, read consistently: the index may lag behind the changes that were committed before the clock moved.
  for await (const subscriptions of allSubscriptions(table, sandboxId)) {
    for (const each of subscriptions) due.push(...duePassages(each, until).map(({ before }) => before));
  }
  return due.sort((one, other) => momentOfNotice(one) - momentOfNotice(other) || rankOf(one) - rankOf(other));
}

function byMoments(due: readonly Subscription[]): readonly (readonly Subscription[])[] {
  const groups = new Map<string, Subscription[]>();
  for (const each of due) {
    const name = `${momentOfNotice(each)} ${rankOf(each)}`;
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  return [...groups.values()];
}

function momentOfNotice({ notice }: Subscription): number {
  return notice?.at.getTime() ?? 0;
}

/** Of two notices of one moment, `expiring` comes first. */
function rankOf({ notice }: Subscription): number {
  return notice?.type === "expiring" ? 0 : 1;
}

async function announce(
  table: Table,
  sandboxId: string,
  { subscription, until, now }: { readonly subscription: Subscription; readonly until: Date; readonly now: () => Date },
): Promise<void> {
  try {
    await table.commit(noticeAnnouncement(sandboxId, subscription, now(), until));
  } catch (error) {
    // It has changed, or a parallel advance has announced it: the next look tells.
    if (!(error instanceof ConcurrencyConflict)) throw error;
  }
}
