/**
 * Announces what time alone brings: subscriptions that are about to expire, and those that have. Each notice is one transaction
 * on the condition that the subscription still has it, so an extension, a cancellation or a parallel run can neither lose nor
 * repeat one.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Table } from "../runtime/table.ts";
import { hourOf, noticeShards } from "./keys.ts";
import {
  findNoticePosition,
  findSubscription,
  listDueNotices,
  noticeAnnouncement,
  noticePositionChange,
  type OwnedSubscription,
} from "./store.ts";

export interface AnnouncementOptions {
  readonly now: () => Date;
  /** Notices of the time until then are announced at their moments, in milliseconds of the epoch. */
  readonly until: number;
  /** No announcement begins after it, in milliseconds of the epoch. */
  readonly deadline: number;
}

export interface AnnouncementRun {
  readonly announced: number;
  /** How late the latest announcement was, in milliseconds. */
  readonly latestMs: number;
}

const hourMs = 3_600_000;
const perQuery = 100;
/** How many announcements of one shard are made at the same time. */
const atOnce = 10;

/**
 * Announces from the stored position on, so a run catches up with everything that came due while none ran.
 *
 * @throws Problem `unavailable`
 */
export async function announceExpiries(table: Table, options: AnnouncementOptions): Promise<AnnouncementRun> {
  const start = options.now();
  const position = await findNoticePosition(table);
  // A change that takes long, or by a clock that is slow, may add a notice to an hour that has passed.
  const settled = hourOf(new Date(start.getTime() - hourMs).toISOString());
  const run = new Run(table, options);
  for (const hour of hoursBetween(position?.hour ?? settled, hourOf(new Date(options.until).toISOString()))) {
    // Before the run waits for moments to come: it may have to end while it does.
    if (hour === settled && position?.hour !== settled) await move(table, position, settled);
    await Promise.all(Array.from({ length: noticeShards }, (_, shard) => run.announceShard(hour, shard)));
    if (run.isOver) break;
  }
  return run;
}

function hoursBetween(first: string, last: string): readonly string[] {
  const start = Date.parse(`${first}:00:00.000Z`);
  const count = Math.floor((Date.parse(`${last}:00:00.000Z`) - start) / hourMs) + 1;
  return Array.from({ length: count }, (_, index) => hourOf(new Date(start + index * hourMs).toISOString()));
}

async function move(table: Table, ...change: Parameters<typeof noticePositionChange>): Promise<void> {
  try {
    await table.commit(noticePositionChange(...change));
  } catch (error) {
    // A parallel run has moved it.
    if (!(error instanceof ConcurrencyConflict)) throw error;
  }
}

class Run implements AnnouncementRun {
  announced = 0;
  latestMs = 0;
  readonly #table: Table;
  readonly #options: AnnouncementOptions;

  constructor(table: Table, options: AnnouncementOptions) {
    this.#table = table;
    this.#options = options;
  }

  get isOver(): boolean {
    return this.#options.now().getTime() >= this.#options.deadline;
  }

  async announceShard(hour: string, shard: number): Promise<void> {
    let after: string | undefined;
    do {
      const until = new Date(this.#options.until);
      const page = await listDueNotices(this.#table, { hour, shard, until }, { limit: perQuery, after });
      for (let first = 0; first < page.due.length && !this.isOver; first += atOnce) {
        await Promise.all(page.due.slice(first, first + atOnce).map((owned) => this.#announce(owned)));
      }
      after = page.lastKey;
    } while (after !== undefined && !this.isOver);
  }

  /** Waits for the moment of the notice. What the index said may be old: the second look is at the table. */
  async #announce({ partnerId, subscription: indexed }: OwnedSubscription): Promise<void> {
    await this.#waitFor(indexed.notice?.at);
    if (this.isOver || (await this.#commit(partnerId, indexed))) return;
    const subscription = await findSubscription(this.#table, partnerId, indexed.externalUserId);
    if (subscription?.notice !== undefined && subscription.notice.at <= this.#options.now()) {
      // After another conflict the next run sees it.
      await this.#commit(partnerId, subscription);
    }
  }

  async #commit(partnerId: string, subscription: OwnedSubscription["subscription"]): Promise<boolean> {
    const now = this.#options.now();
    try {
      await this.#table.commit(noticeAnnouncement(partnerId, subscription, now));
    } catch (error) {
      if (error instanceof ConcurrencyConflict) return false;
      throw error;
    }
    this.announced++;
    this.latestMs = Math.max(this.latestMs, now.getTime() - (subscription.notice?.at ?? now).getTime());
    return true;
  }

  async #waitFor(moment: Date | undefined): Promise<void> {
    const { now, deadline } = this.#options;
    const end = Math.min(moment?.getTime() ?? 0, deadline);
    // A timer may fire a little early.
    while (now().getTime() < end) await delay(Math.max(1, end - now().getTime()));
  }
}
