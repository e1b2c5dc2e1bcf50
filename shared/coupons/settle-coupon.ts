/**
 * Completes a change of a coupon's terms in steps that any caller may repeat. The coupon keeps the requested change as
 * `pending`; then the pieces are closed one by one; while nothing can be redeemed, one write of the coupon makes the change
 * effective; then the pieces are opened under the new terms. Each step commits by itself: in a crowd, one transaction over
 * all pieces would never find all of them free.
 */
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Table, UpdateWrite } from "../runtime/table.ts";
import type { ChangingCoupon, Piece, StoredCoupon } from "./model.ts";
import { concludeChange } from "./rules.ts";
import { couponReplacement, findPieces, pieceClosing, pieceOpening, readCoupon, soldOutMark } from "./store.ts";

/**
 * Completes the pending change, wherever it stands; several callers may do so at once.
 *
 * @returns the coupon with all pieces open under its terms
 * @throws ConcurrencyConflict while another caller completes it
 */
export async function settleCoupon(table: Table, coupon: StoredCoupon): Promise<StoredCoupon> {
  const { pending } = coupon;
  const settled = pending === undefined ? coupon : await concluded(table, { ...coupon, pending });
  await Promise.all(settled.allotments.map((_, piece) => updatePiece(table, pieceOpening(settled, piece))));
  return settled;
}

/** The coupon after its pending change, which this caller or a parallel one has made effective. */
async function concluded(table: Table, coupon: ChangingCoupon): Promise<StoredCoupon> {
  try {
    const after = concludeChange(coupon, await closePieces(table, coupon));
    await table.commit([couponReplacement(coupon, after)]);
    return after;
  } catch (error) {
    if (!(error instanceof ConcurrencyConflict)) throw error;
    const current = await readCoupon(table, coupon.id);
    if (current.epoch < coupon.pending.epoch) throw error;
    return current;
  }
}

/** Closes every piece. @returns how often each has been redeemed @throws ConcurrencyConflict */
async function closePieces(table: Table, coupon: ChangingCoupon): Promise<readonly number[]> {
  const { id, allotments, pending } = coupon;
  await Promise.all(allotments.map((_, piece) => updatePiece(table, pieceClosing(id, piece, pending.epoch))));
  const pieces = await findPieces(table, coupon);
  if (pieces.some((piece) => piece?.epoch !== pending.epoch || !piece.closed)) throw new ConcurrencyConflict();
  return pieces.map((piece) => piece?.redeemed ?? 0);
}

/**
 * Marks one piece of an empty stock, so that callers that meet it need not read the others. One at a time: otherwise all
 * callers that find the stock empty together would write to all pieces.
 */
export async function markSoldOut(table: Table, coupon: StoredCoupon): Promise<void> {
  await updatePiece(table, soldOutMark(coupon, Math.floor(Math.random() * coupon.allotments.length)));
}

/** Updates a piece, unless another caller has already done that or more. */
async function updatePiece(table: Table, write: UpdateWrite<Piece>): Promise<void> {
  try {
    await table.update(write);
  } catch (error) {
    if (!(error instanceof ConcurrencyConflict)) throw error;
  }
}
