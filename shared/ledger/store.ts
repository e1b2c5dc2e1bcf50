/** Reads of everything that moves credit, page by page, and the checkpoint. */
import { couponKey } from "../coupons/keys.ts";
import type { Redemption, StoredCoupon } from "../coupons/model.ts";
import { padded } from "../runtime/key.ts";
import type { Change, Page, Table } from "../runtime/table.ts";
import { putAbsent, putUnchanged } from "../runtime/writes.ts";
import { userKey } from "../users/keys.ts";
import type { CreditMovement } from "../users/model.ts";
import { ledgerKey } from "./keys.ts";
import type { Checkpoint } from "./model.ts";

export async function findCheckpoint(table: Table): Promise<Checkpoint | undefined> {
  return await table.get(ledgerKey.checkpoint());
}

/** Replaces the checkpoint unless another run has replaced it. */
export function checkpointChange(before: Checkpoint | undefined, after: Checkpoint): Change {
  const key = ledgerKey.checkpoint();
  return [before === undefined ? putAbsent(key, after) : putUnchanged(key, after, before.revision)];
}

/** The ids of users after one of them, in order, those of deleted users among them. */
export async function listUserIds(
  table: Table,
  after: string | undefined,
  limit: number,
): Promise<{ readonly ids: readonly string[]; readonly isLast: boolean }> {
  // In this order: a user who is deleted between the two reads is in at least one of them.
  const present = await table.query({ partition: userKey.userPlace(""), after, limit });
  const deleted = await table.query({ partition: userKey.deletedUserPlace(""), after, limit });
  const incomplete = [present, deleted].flatMap(({ lastKey }) => lastKey ?? []).sort();
  const [upTo] = incomplete;
  const ids = [...new Set([...present.sortKeys, ...deleted.sortKeys])].sort();
  return { ids: ids.filter((id) => upTo === undefined || id <= upTo), isLast: upTo === undefined };
}

/** A movement, and the redemption that it paid for, by the number that both sort by. */
export interface NumberedEntry {
  readonly number: number;
  readonly entry: CreditMovement | undefined;
  readonly redemption: Redemption | undefined;
  /** The redemption that the user's mark on the coupon names. */
  readonly markedId: string | undefined;
}

/**
 * The movements and redemptions of a user with the numbers after `from` up to `to`, at most `limit` of them.
 *
 * @returns the entries, and whether more may follow
 */
export async function readEntries(
  table: Table,
  userId: string,
  { from, to, limit }: { readonly from: number; readonly to: number | undefined; readonly limit: number },
): Promise<{ readonly entries: readonly NumberedEntry[]; readonly isLast: boolean }> {
  const range = { after: padded(from), to: to === undefined ? undefined : padded(to) };
  const movements = await table.query({ partition: userKey.creditMovement(userId, 0), ...range, limit });
  const upTo = movements.lastKey ?? range.to;
  const redemptions = await readRedemptions(table, userId, { after: range.after, to: upTo });
  const marks = await table.getAll(redemptions.items.map(({ couponId }) => couponKey.redeemedCoupon(userId, couponId)));
  const entryAt = new Map(movements.items.map((entry, index) => [Number(movements.sortKeys[index]), entry]));
  const redemptionAt = new Map(
    redemptions.items.map((redemption, index) => [
      Number(redemptions.sortKeys[index]),
      { redemption, markedId: marks[index]?.redemptionId },
    ]),
  );
  const numbers = [...new Set([...entryAt.keys(), ...redemptionAt.keys()])].sort((one, other) => one - other);
  return {
    entries: numbers.map((number) => ({
      number,
      entry: entryAt.get(number),
      redemption: redemptionAt.get(number)?.redemption,
      markedId: redemptionAt.get(number)?.markedId,
    })),
    isLast: movements.lastKey === undefined,
  };
}

async function readRedemptions(
  table: Table,
  userId: string,
  { after, to }: { readonly after: string; readonly to: string | undefined },
): Promise<Pick<Page<Redemption>, "items" | "sortKeys">> {
  const items: Redemption[] = [];
  const sortKeys: string[] = [];
  for (let next: string | undefined = after; next !== undefined;) {
    const page: Page<Redemption> = await table.query({
      partition: couponKey.redemption(userId, 0),
      after: next,
      to,
      limit: 500,
    });
    items.push(...page.items);
    sortKeys.push(...page.sortKeys);
    next = page.lastKey;
  }
  return { items, sortKeys };
}

/** A page of coupons, oldest first. */
export async function listCouponsAfter(
  table: Table,
  after: string | undefined,
  limit: number,
): Promise<Page<StoredCoupon>> {
  return await table.query({ partition: couponKey.coupon(""), after, limit });
}

/** The coupons with these ids. */
export async function findCoupons(table: Table, ids: readonly string[]): Promise<readonly StoredCoupon[]> {
  return (await table.getAll(ids.map(couponKey.coupon))).filter((coupon) => coupon !== undefined);
}
