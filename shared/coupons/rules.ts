/** Decides how a coupon and its stock change. Pure: no AWS, no HTTP, and the time is an argument. */
import type { Role } from "../domain/access.ts";
import { newId } from "../domain/ids.ts";
import { patched } from "../domain/merge-patch.ts";
import { Problem } from "../domain/problems.ts";
import type { CouponCreation, CouponPatch } from "./contract.ts";
import { maxPieces, unitsPerPiece, type ChangingCoupon, type Piece, type StoredCoupon, type Terms } from "./model.ts";

/** The number of pieces that a quantity is split into. */
export function piecesFor(quantity: number): number {
  return Math.min(maxPieces, Math.max(1, Math.ceil(quantity / unitsPerPiece)));
}

/** Splits `units` into `parts` whole parts that differ by one at most. */
export function spread(units: number, parts: number): readonly number[] {
  const smallest = Math.floor(units / parts);
  const larger = units % parts;
  return Array.from({ length: parts }, (_, index) => smallest + (index < larger ? 1 : 0));
}

export function createCoupon(
  { name, value, quantity, active, expiresAt }: Omit<CouponCreation, "code">,
  now: Date,
): StoredCoupon {
  return {
    id: newId("cpn_", now),
    name,
    value,
    quantity,
    active,
    expiresAt: expiresAt.toISOString(),
    allotments: spread(quantity, piecesFor(quantity)),
    epoch: 1,
    epochBegan: now.toISOString(),
    refused: false,
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    revision: 1,
  };
}

/**
 * The coupon with the given fields changed; the same one if nothing is different. A change of the terms only becomes
 * pending: `concludeChange` makes it effective once all pieces are closed.
 */
export function beginChange(coupon: StoredCoupon, patch: CouponPatch, now: Date): StoredCoupon {
  const { name, quantity, active, expiresAt } = coupon;
  const requested = {
    name: patch.name ?? name,
    quantity: patch.quantity ?? quantity,
    active: patch.active ?? active,
    expiresAt: patch.expiresAt?.toISOString() ?? expiresAt,
  };
  if (requested.quantity !== quantity || requested.active !== active || requested.expiresAt !== expiresAt) {
    return { ...coupon, pending: { ...requested, epoch: coupon.epoch + 1, began: now.toISOString() } };
  }
  return patched(coupon, { name: requested.name }, now);
}

/**
 * The coupon after its pending change: with the requested fields, or unchanged if more has been redeemed than the requested
 * quantity. In both cases the rest of the stock is spread evenly over the pieces again.
 *
 * @param redeemed how often each piece was redeemed before it was closed
 */
export function concludeChange({ pending, ...coupon }: ChangingCoupon, redeemed: readonly number[]): StoredCoupon {
  const { epoch, began, ...requested } = pending;
  const total = sum(redeemed);
  const refused = requested.quantity < total;
  const changed = refused ? coupon : { ...coupon, ...requested, updatedAt: began, revision: coupon.revision + 1 };
  const pieces = Math.max(redeemed.length, piecesFor(changed.quantity));
  const allotments = spread(changed.quantity - total, pieces).map((left, piece) => left + (redeemed[piece] ?? 0));
  return { ...changed, allotments, epoch, epochBegan: began, refused };
}

/** The coupon after a change of terms, unless the change was refused. */
export function outcomeOf(concluded: StoredCoupon): StoredCoupon | Problem {
  if (!concluded.refused) return concluded;
  const detail = "The coupon has already been redeemed more often than this quantity.";
  return new Problem("coupon_quantity_too_low", detail, { errors: [{ pointer: "/quantity", detail }] });
}

/** Whether a user with this role sees inactive coupons. */
export function seesAll(role: Role): boolean {
  return role !== "user";
}

export function isVisible({ active }: StoredCoupon, role: Role): boolean {
  return active || seesAll(role);
}

/** What can prevent a redemption besides the terms and the user's credit. */
export interface RedemptionObstacles {
  readonly redeemedBefore: boolean;
  readonly exhausted: boolean;
}

/** The refusal of a redemption, in the contract's order; undefined if the coupon can be redeemed. */
export function refuseRedemption(
  { active, expiresAt }: Omit<Terms, "quantity">,
  { redeemedBefore, exhausted }: RedemptionObstacles,
  now: Date,
): Problem | undefined {
  if (!active) return new Problem("coupon_inactive", "The coupon is not active.");
  if (expiresAt <= now.toISOString()) return new Problem("coupon_expired", "The coupon has expired.");
  if (redeemedBefore) return alreadyRedeemed();
  if (exhausted) return new Problem("coupon_exhausted", "The coupon has been redeemed as often as possible.");
  return undefined;
}

export function alreadyRedeemed(): Problem {
  return new Problem("coupon_already_redeemed", "You have already redeemed this coupon.");
}

/** Whether all pieces are open under the coupon's current terms. */
export function isSettled(coupon: StoredCoupon, pieces: readonly (Piece | undefined)[]): pieces is readonly Piece[] {
  return coupon.pending === undefined && pieces.every((piece) => piece?.epoch === coupon.epoch && !piece.closed);
}

/**
 * Whether a change of terms was interrupted, so that the next caller has to complete it. Before that, other callers wait:
 * their help would only collide with the caller that began it.
 */
export function isAbandoned({ pending, epochBegan }: StoredCoupon, now: Date): boolean {
  return now.getTime() - Date.parse(pending?.began ?? epochBegan) > 2000;
}

/**
 * Draws a piece that is not empty, with a probability in proportion to what is left of it: callers spread as the stock does,
 * and the last unit is found.
 *
 * @param random a number in [0, 1)
 * @returns its number; undefined when all pieces are empty
 */
export function drawPiece(pieces: readonly Piece[], random: number = Math.random()): number | undefined {
  const left = pieces.map(({ allotted, redeemed }) => allotted - redeemed);
  let place = Math.floor(random * sum(left));
  const drawn = left.findIndex((units) => (place -= units) < 0);
  return drawn === -1 ? undefined : drawn;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
