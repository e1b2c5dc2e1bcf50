/** Redeems a coupon: proves its code, which counts as a guess, and chooses a piece of its stock. */
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { Problem } from "../domain/problems.ts";
import { limitAttempts } from "../identity/limit-attempts.ts";
import { guessLimit } from "../identity/model.ts";
import type { Change, Table } from "../runtime/table.ts";
import { readUser } from "../users/store.ts";
import type { Redemption, StoredCoupon } from "./model.ts";
import { drawPiece, isAbandoned, isSettled, refuseRedemption } from "./rules.ts";
import { markSoldOut, settleCoupon } from "./settle-coupon.ts";
import {
  findCouponByCode,
  findPieces,
  hasRedeemed,
  readCoupon,
  redemptionChange,
  type RedeemedCoupon,
} from "./store.ts";

/** The part of a coupon that never changes or only grows, so that a process may remember it. The pieces carry the terms. */
export interface KnownCoupon extends RedeemedCoupon {
  readonly pieces: number;
}

/**
 * Finds the coupon with a code. Each guess reserves an attempt before it is checked, so that parallel guesses cannot exceed
 * the limit.
 *
 * @param codeHash of `hashCode`
 * @throws Problem `coupon_not_found`, `too_many_attempts`
 * @throws ConcurrencyConflict while other attempts of this user are being checked
 */
export async function proveCode(table: Table, userId: string, codeHash: string, now: Date): Promise<KnownCoupon> {
  const attempt = { kind: "coupon", name: userId, budget: { perName: guessLimit }, now };
  const coupon = await limitAttempts(table, attempt, {
    read: async () => await findKnownCoupon(table, codeHash),
    check: (found) => found,
  });
  if (coupon === undefined) throw new Problem("coupon_not_found", "No coupon has this code.");
  return coupon;
}

/** Otherwise every redemption of a popular coupon would read the same two items, and DynamoDB limits reads of one item. */
const known = new Map<string, { readonly coupon: KnownCoupon; readonly at: number }>();
const freshMs = 10_000;
const maxKnown = 1000;

async function findKnownCoupon(table: Table, codeHash: string): Promise<KnownCoupon | undefined> {
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

/** A redemption that is being decided. */
export interface RedemptionRequest {
  readonly coupon: KnownCoupon;
  readonly userId: string;
  /** Counts from 1; a later attempt follows an optimistic-concurrency conflict. */
  readonly attempt: number;
  readonly now: Date;
}

/**
 * Decides a redemption.
 *
 * @throws Problem why the coupon cannot be redeemed, in the contract's order
 * @throws ConcurrencyConflict while a change of the coupon's terms is in progress
 */
export async function redeemCoupon(
  table: Table,
  { coupon, userId, attempt, now }: RedemptionRequest,
): Promise<{ readonly redemption: Redemption; readonly change: Change }> {
  const stored = attempt === 1 ? undefined : await readCoupon(table, coupon.id);
  // The user is read last: its other redemptions change it, so each moment between read and commit costs conflicts.
  const [piece, user] = await Promise.all([
    stored === undefined ? Math.floor(Math.random() * coupon.pieces) : findPiece(table, stored, userId, now),
    readUser(table, userId),
  ]);
  return redemptionChange(coupon, piece, user, now);
}

/** The number of a piece that is not empty. */
async function findPiece(table: Table, coupon: StoredCoupon, userId: string, now: Date): Promise<number> {
  const [pieces, redeemedBefore] = await Promise.all([
    findPieces(table, coupon),
    hasRedeemed(table, userId, coupon.id),
  ]);
  if (!isSettled(coupon, pieces)) {
    if (isAbandoned(coupon, new Date())) await settleCoupon(table, coupon);
    throw new ConcurrencyConflict();
  }
  const piece = drawPiece(pieces);
  const refusal = refuseRedemption(coupon, { redeemedBefore, exhausted: piece === undefined }, now);
  if (refusal?.code === "coupon_exhausted") await markSoldOut(table, coupon);
  if (refusal !== undefined) throw refusal;
  return piece ?? 0;
}
