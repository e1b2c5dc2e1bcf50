/**
 * Checks in small steps that credit and coupons add up while they move. Movements are numbered and never change, so a user is
 * checked up to the number of its last movement; a redemption names its time, so a stock is compared with the redemptions from
 * before it was read. A difference is looked at a second time before it counts.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { StoredCoupon } from "../coupons/model.ts";
import { countRedeemed } from "../coupons/store.ts";
import type { Table } from "../runtime/table.ts";
import type { StoredUser } from "../users/model.ts";
import { findUser } from "../users/store.ts";
import type { Checkpoint, Difference, Round, StockCount, UserProgress } from "./model.ts";
import {
  countRedemption,
  creditDifference,
  isRoundDue,
  movementDifference,
  redemptionDifference,
  stockDifference,
} from "./rules.ts";
import {
  checkpointChange,
  findCheckpoint,
  findCoupons,
  listCouponsAfter,
  listUserIds,
  readEntries,
  type NumberedEntry,
} from "./store.ts";

export interface CheckOptions {
  readonly now: () => Date;
  /** About how many items one run may read: with the rate of the schedule it bounds the rate of reading. */
  readonly maxItems: number;
  /** How long a difference is left alone before it is looked at again: a transaction becomes visible item by item. */
  readonly pauseMs: number;
}

export interface CheckRun {
  readonly differences: readonly Difference[];
  /** Whether this run was the last of a round. */
  readonly roundEnded: boolean;
}

const usersPerPage = 100;
const entriesPerPage = 200;
const couponsPerPage = 25;
const maxCouponsPerRound = 500;

/**
 * Continues the round where the last run stopped, or begins one when it is due.
 *
 * @throws ConcurrencyConflict when another run did the same work meanwhile
 * @throws Problem `unavailable`
 */
export async function checkLedger(table: Table, options: CheckOptions): Promise<CheckRun> {
  const before = await findCheckpoint(table);
  if (before?.round.ended === true && !isRoundDue(before, options.now())) return { differences: [], roundEnded: false };
  const begun = before === undefined || before.round.ended ? await beginRound(table, before, options.now) : before;
  const walk = new Walk(table, begun.round, options);
  await walk.run();
  const settled = settle({ ...begun, round: walk.round });
  await table.commit(checkpointChange(before, { ...settled.checkpoint, revision: (before?.revision ?? 0) + 1 }));
  return { differences: [...walk.differences, ...settled.differences], roundEnded: walk.round.ended };
}

/** Reads the stock of suspected coupons and of the next ones. */
async function beginRound(table: Table, before: Checkpoint | undefined, now: () => Date): Promise<Checkpoint> {
  const began = now().toISOString();
  const suspects = before?.suspects ?? [];
  const stock: Record<string, StockCount> = {};
  const read = async (coupons: readonly StoredCoupon[], suspected: boolean): Promise<void> => {
    const readAt = now().toISOString();
    const taken = await countRedeemed(table, coupons);
    for (const [index, { id, quantity }] of coupons.entries()) {
      stock[id] ??= { quantity, taken: taken[index] ?? 0, readAt, before: 0, perhapsBefore: 0, suspected };
    }
  };
  await read(await findCoupons(table, suspects), true);
  let after = before?.couponsAfter;
  do {
    const page = await listCouponsAfter(table, after, couponsPerPage);
    await read(page.items, false);
    after = page.lastKey;
  } while (after !== undefined && Object.keys(stock).length < maxCouponsPerRound);
  return {
    revision: before?.revision ?? 0,
    round: { began, stock, ended: false },
    ...(after !== undefined && { couponsAfter: after }),
    suspects: [],
  };
}

/** At the end of a round: a stock that differs for the second time is a difference, for the first time a suspect. */
function settle(checkpoint: Checkpoint): {
  readonly checkpoint: Checkpoint;
  readonly differences: readonly Difference[];
} {
  const { round } = checkpoint;
  if (!round.ended) return { checkpoint, differences: [] };
  const found = Object.entries(round.stock).flatMap(([id, count]) => {
    const difference = stockDifference(id, count);
    return difference === undefined ? [] : [{ difference, suspected: count.suspected }];
  });
  return {
    checkpoint: {
      ...checkpoint,
      round: { ...round, stock: {} },
      suspects: found.filter(({ suspected }) => !suspected).map(({ difference }) => difference.id),
    },
    differences: found.filter(({ suspected }) => suspected).map(({ difference }) => difference),
  };
}

/** What a look at a user's movements has found. */
interface Look {
  readonly progress: UserProgress;
  readonly entries: readonly NumberedEntry[];
  readonly isLast: boolean;
  readonly difference: Difference | undefined;
}

/** One run's part of a round. */
class Walk {
  round: Round;
  readonly differences: Difference[] = [];
  readonly #table: Table;
  readonly #options: CheckOptions;
  #itemsLeft: number;

  constructor(table: Table, round: Round, options: CheckOptions) {
    this.round = round;
    this.#table = table;
    this.#options = options;
    this.#itemsLeft = options.maxItems;
  }

  async run(): Promise<void> {
    while (!this.round.ended && this.#itemsLeft > 0) {
      const { ids, isLast } = await listUserIds(this.#table, this.round.after, usersPerPage);
      this.#itemsLeft -= ids.length;
      for (const id of ids) {
        if (!(await this.#checkUser(id))) return;
      }
      if (isLast) this.round = { ...this.round, ended: true };
    }
  }

  /** @returns whether the user's check is complete, and there is room for the next one */
  async #checkUser(userId: string): Promise<boolean> {
    const { partly } = this.round;
    let progress = partly?.userId === userId ? partly : { userId, movement: 0, balance: 0 };
    for (let isLast = false; !isLast;) {
      const look = await this.#confirmed(progress);
      this.#count(look.entries);
      if (look.difference !== undefined) this.differences.push(look.difference);
      ({ progress, isLast } = look);
      this.#itemsLeft -= 1 + look.entries.length;
      if (!isLast && this.#itemsLeft <= 0) {
        this.round = { ...this.round, partly: progress };
        return false;
      }
    }
    const { partly: _done, ...rest } = this.round;
    this.round = { ...rest, after: userId };
    return this.#itemsLeft > 0;
  }

  /** A look whose difference, if there is one, is still there a moment later. */
  async #confirmed(from: UserProgress): Promise<Look> {
    const first = await this.#look(from);
    if (first.difference === undefined) return first;
    await delay(this.#options.pauseMs);
    return await this.#look(from);
  }

  async #look(from: UserProgress): Promise<Look> {
    const { userId } = from;
    const user = await findUser(this.#table, userId);
    if (user?.movements === from.movement) {
      return { progress: from, entries: [], isLast: true, difference: creditDifference(from, user) };
    }
    const { entries, isLast } = await readEntries(this.#table, userId, {
      from: from.movement,
      to: user?.movements,
      limit: entriesPerPage,
    });
    return { entries, isLast, ...judge(from, entries, isLast ? user : undefined) };
  }

  #count(entries: readonly NumberedEntry[]): void {
    const stock: Record<string, StockCount> = { ...this.round.stock };
    for (const { redemption } of entries) {
      const count = redemption === undefined ? undefined : stock[redemption.couponId];
      if (redemption !== undefined && count !== undefined)
        stock[redemption.couponId] = countRedemption(count, redemption);
    }
    this.round = { ...this.round, stock };
  }
}

/**
 * Follows the movements from where the last look ended.
 *
 * @param user set when these are its last movements; undefined for a deleted user, whose credit is gone
 * @returns the first difference
 */
function judge(
  from: UserProgress,
  entries: readonly NumberedEntry[],
  user: StoredUser | undefined,
): Pick<Look, "progress" | "difference"> {
  let progress = from;
  let difference: Difference | undefined;
  for (const { number, entry, redemption, markedId } of entries) {
    if (entry !== undefined) {
      difference ??= movementDifference(progress, { number, entry });
      progress = { ...progress, movement: number, balance: entry.balance };
    }
    if (redemption !== undefined) difference ??= redemptionDifference(redemption, entry, markedId);
    else if (entry !== undefined && entry.redemptionId !== null) {
      difference ??= { id: entry.redemptionId, reason: "its movement has no redemption" };
    }
  }
  if (user !== undefined) difference ??= creditDifference(progress, user);
  return { progress, difference };
}
