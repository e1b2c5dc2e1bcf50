/** What may become of a coupon and of its stock. Pure: no AWS, no HTTP, and the time is an argument. */
import type { Role } from "../domain/access.ts";
import { Problem } from "../domain/problems.ts";
import { newId } from "../domain/ids.ts";
import { patched } from "../domain/merge-patch.ts";
import type { CouponCreation, CouponPatch } from "./contract.ts";

/** What a redemption depends on and an administrator can change. */
export interface Terms {
  /** How often the coupon can be redeemed in all. */
  readonly quantity: number;
  readonly active: boolean;
  /** RFC 3339 in UTC. */
  readonly expiresAt: string;
}

/**
 * A coupon as it is kept. Its stock is split over pieces, so that a crowd is not bound to one item:
 * `docs/decisions/0020-coupon-stock-in-pieces.md`.
 */
export interface StoredCoupon extends Terms {
  readonly id: string;
  readonly name: string;
  readonly value: number;
  /** How often each piece may be redeemed in all. */
  readonly allotments: readonly number[];
  /** Counts the changes of the terms; a piece says by which of them it goes. */
  readonly epoch: number;
  /** When the change of terms that the epoch counts was begun. */
  readonly epochBegan: string;
  /** Whether the change of this epoch was refused, for more had been redeemed by then. */
  readonly refused: boolean;
  /** A change of terms that has begun and waits for the pieces to be closed. */
  readonly pending?: PendingChange;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number;
}

export interface PendingChange extends Terms {
  readonly name: string;
  readonly epoch: number;
  readonly began: string;
}

/** A piece of a coupon's stock. It knows the terms, so that redeeming asks it alone. */
export interface Piece extends Omit<Terms, "quantity"> {
  readonly epoch: number;
  /** Nothing is redeemed from it while a change of terms is under way. */
  readonly closed: boolean;
  /** How often it may be redeemed in all. */
  readonly allotted: number;
  /** How often it has been redeemed; never falls. */
  readonly redeemed: number;
  /** All pieces are empty, and stay so in this epoch. */
  readonly soldOut: boolean;
}

const unitsPerPiece = 50;

/** At 5,000 redemptions a second each of these takes about 80, of the 500 that DynamoDB lets transactions write to one item. */
export const maxPieces = 64;

/** How many pieces a quantity is split into. */
export function piecesFor(quantity: number): number {
  return Math.min(maxPieces, Math.max(1, Math.ceil(quantity / unitsPerPiece)));
}

/** `units` in `parts` whole parts that differ by one at the most. */
export function spread(units: number, parts: number): readonly number[] {
  const least = Math.floor(units / parts);
  const larger = units % parts;
  return Array.from({ length: parts }, (_, index) => least + (index < larger ? 1 : 0));
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
 * The coupon with the given fields changed; the same one if nothing is different. A change of the terms is only begun: it
 * comes true by `concludeChange`, when nothing is redeemed by the old ones any more.
 */
export function changeCoupon(coupon: StoredCoupon, patch: CouponPatch, now: Date): StoredCoupon {
  const { name, quantity, active, expiresAt } = coupon;
  const wanted = {
    name: patch.name ?? name,
    quantity: patch.quantity ?? quantity,
    active: patch.active ?? active,
    expiresAt: patch.expiresAt?.toISOString() ?? expiresAt,
  };
  if (wanted.quantity !== quantity || wanted.active !== active || wanted.expiresAt !== expiresAt) {
    return { ...coupon, pending: { ...wanted, epoch: coupon.epoch + 1, began: now.toISOString() } };
  }
  return patched(coupon, { name: wanted.name }, now);
}

/**
 * The coupon after its pending change: as wanted, or as before if more has been redeemed than the wanted quantity. What is
 * left is spread evenly over the pieces again, in either case.
 *
 * @param redeemed how often each piece was redeemed before it was closed
 */
export function concludeChange(
  { pending, ...coupon }: StoredCoupon & { readonly pending: PendingChange },
  redeemed: readonly number[],
): StoredCoupon {
  const { epoch, began, ...wanted } = pending;
  const total = sum(redeemed);
  const refused = wanted.quantity < total;
  const changed = refused ? coupon : { ...coupon, ...wanted, updatedAt: began, revision: coupon.revision + 1 };
  const pieces = Math.max(redeemed.length, piecesFor(changed.quantity));
  const allotments = spread(changed.quantity - total, pieces).map((left, piece) => left + (redeemed[piece] ?? 0));
  return { ...changed, allotments, epoch, epochBegan: began, refused };
}

/** The coupon after a change of terms, unless that was refused. */
export function outcomeOf(concluded: StoredCoupon): StoredCoupon | Problem {
  if (!concluded.refused) return concluded;
  const detail = "The coupon has been redeemed more often than this quantity.";
  return new Problem("coupon_quantity_too_low", detail, { errors: [{ pointer: "/quantity", detail }] });
}

/** Whether someone of this role sees coupons that are switched off. */
export function seesAll(role: Role): boolean {
  return role !== "user";
}

export function isVisible({ active }: StoredCoupon, role: Role): boolean {
  return active || seesAll(role);
}

/** What a redemption is refused for, but for what only the user's credit says. */
export interface Standing {
  readonly redeemedBefore: boolean;
  readonly exhausted: boolean;
}

/** Why the coupon cannot be redeemed, in the contract's order; undefined if it can. */
export function refuseRedemption(
  { active, expiresAt }: Omit<Terms, "quantity">,
  { redeemedBefore, exhausted }: Standing,
  now: Date,
): Problem | undefined {
  if (!active) return new Problem("coupon_inactive", "The coupon is switched off.");
  if (expiresAt <= now.toISOString()) return new Problem("coupon_expired", "The coupon's time is over.");
  if (redeemedBefore) return alreadyRedeemed();
  if (exhausted) return new Problem("coupon_exhausted", "The coupon has been redeemed as often as it can be.");
  return undefined;
}

export function alreadyRedeemed(): Problem {
  return new Problem("coupon_already_redeemed", "You have redeemed this coupon before.");
}

/** Whether all pieces go by the coupon's terms and are open. */
export function isSettled(coupon: StoredCoupon, pieces: readonly (Piece | undefined)[]): boolean {
  return coupon.pending === undefined && pieces.every((piece) => piece?.epoch === coupon.epoch && !piece.closed);
}

/**
 * A change that nobody seems to be finishing any more: whoever meets it finishes it. Before that, the one who began it is
 * left alone, for everybody's help would only be in its way.
 */
export function isAbandoned({ pending, epochBegan }: StoredCoupon, now: Date): boolean {
  return now.getTime() - Date.parse(pending?.began ?? epochBegan) > 2000;
}

/**
 * A piece that has something left, drawn by how much that is: callers spread as the stock does, and the last unit is found.
 *
 * @param random a number in [0, 1)
 * @returns its number; undefined when all are empty
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
