/** How a person redeems: the code is proved as a guess, a piece of the stock is chosen, and another one if that was empty. */
import { Problem } from "../domain/problems.ts";
import { guessLimit } from "../identity/attempts.ts";
import { settleAttempt, reserveAttempt } from "../identity/store.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Table } from "../runtime/table.ts";
import { drawPiece, isAbandoned, refuseRedemption, type StoredCoupon } from "./rules.ts";
import { findCouponByCode, markSoldOut, readStock, settleCoupon } from "./store.ts";

/** What of a coupon never changes, or only grows: a process may remember it. Its terms are asked of the piece. */
type KnownCoupon = Pick<StoredCoupon, "id" | "name" | "value"> & { readonly pieces: number };

/** A code that was right, and whether the first piece was a miss. */
export interface Redeeming {
  readonly coupon: KnownCoupon;
  missed: boolean;
}

/**
 * Proves a code. A guess takes its place before it is checked, so that parallel guesses cannot outrun the limit.
 *
 * @param codeHash of `hashCode`
 * @throws Problem `coupon_not_found`, `too_many_attempts`
 * @throws ConcurrencyConflict while other attempts of this user are being checked
 */
export async function proveCode(table: Table, userId: string, codeHash: string, now: Date): Promise<Redeeming> {
  const attempt = await reserveAttempt(table, "coupon", userId, guessLimit, now);
  const coupon = await knownCoupon(table, codeHash);
  await settleAttempt(table, attempt, { failed: coupon === undefined, now });
  if (coupon === undefined) throw new Problem("coupon_not_found", "No coupon has this code.");
  return { coupon, missed: false };
}

/** For a popular coupon the item with its code would be read by every call, and DynamoDB reads one item 3,000 times a second. */
const known = new Map<string, { readonly coupon: KnownCoupon; readonly at: number }>();
const freshMs = 10_000;
const maxKnown = 1000;

async function knownCoupon(table: Table, codeHash: string): Promise<KnownCoupon | undefined> {
  const remembered = known.get(codeHash);
  if (remembered !== undefined && Date.now() - remembered.at < freshMs) return remembered.coupon;
  const at = Date.now();
  const stored = await findCouponByCode(table, codeHash);
  if (stored === undefined) return undefined;
  const { id, name, value, allotments } = stored;
  const coupon = { id, name, value, pieces: allotments.length };
  if (known.size >= maxKnown) known.clear();
  known.set(codeHash, { coupon, at });
  return coupon;
}

/**
 * The number of a piece to redeem from: any, and after a miss one that has something left.
 *
 * @throws Problem why the coupon cannot be redeemed, in the contract's order
 * @throws ConcurrencyConflict while a change of its terms is under way
 */
export async function choosePiece(
  table: Table,
  { coupon: { id, pieces: count }, missed }: Redeeming,
  userId: string,
  now: Date,
): Promise<number> {
  if (!missed) return Math.floor(Math.random() * count);
  const { coupon, pieces, redeemedBefore } = await readStock(table, id, userId);
  if (pieces === undefined) {
    if (isAbandoned(coupon, new Date())) await settleCoupon(table, coupon);
    throw new ConcurrencyConflict();
  }
  const piece = drawPiece(pieces);
  const refusal = refuseRedemption(coupon, { redeemedBefore, exhausted: piece === undefined }, now);
  if (refusal?.code === "coupon_exhausted") {
    // One at a time: the many who find the stock empty together would otherwise all write to all of it.
    await markSoldOut(table, coupon, Math.floor(Math.random() * pieces.length));
  }
  if (refusal !== undefined) throw refusal;
  return piece ?? 0;
}
