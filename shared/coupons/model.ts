/** Coupons, the pieces of their stock and redemptions as they are kept, with their limits. */
import { maxCreditAmount } from "../users/model.ts";

/** The part of a coupon that a redemption depends on and an administrator can change. */
export interface Terms {
  /** How often the coupon can be redeemed in all. */
  readonly quantity: number;
  readonly active: boolean;
  /** RFC 3339 in UTC. */
  readonly expiresAt: string;
}

/**
 * A coupon as it is kept. Its stock is split into pieces, so that no single item limits the rate of redemptions:
 * `docs/decisions/0020-coupon-stock-in-pieces.md`.
 */
export interface StoredCoupon extends Terms {
  readonly id: string;
  readonly name: string;
  readonly value: number;
  /** How often each piece may be redeemed in all. */
  readonly allotments: readonly number[];
  /** Counts the changes of the terms; a piece names the epoch of its terms. */
  readonly epoch: number;
  /** When the change of terms that began this epoch was requested, RFC 3339. */
  readonly epochBegan: string;
  /** Whether that change was refused, because more had been redeemed by then. */
  readonly refused: boolean;
  /** A change of terms that waits until all pieces are closed. */
  readonly pending?: PendingChange;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts the changes, from 1. */
  readonly revision: number;
}

/** The requested change of a coupon. */
export interface PendingChange extends Terms {
  readonly name: string;
  readonly epoch: number;
  /** RFC 3339. */
  readonly began: string;
}

/** A coupon with a pending change. */
export type ChangingCoupon = StoredCoupon & { readonly pending: PendingChange };

/** A piece of a coupon's stock. It carries the terms, so that a redemption reads and writes nothing else of the coupon. */
export interface Piece extends Omit<Terms, "quantity"> {
  readonly epoch: number;
  /** A closed piece cannot be redeemed from: a change of terms is in progress. */
  readonly closed: boolean;
  /** How often it may be redeemed in all. */
  readonly allotted: number;
  /** How often it has been redeemed; never falls. */
  readonly redeemed: number;
  /** All pieces are empty for the rest of this epoch. */
  readonly soldOut: boolean;
}

/** A redemption as it is kept. */
export interface Redemption {
  readonly id: string;
  readonly couponId: string;
  /** The credit that it took. */
  readonly value: number;
  /** The user's credit afterwards. */
  readonly creditLeft: number;
  /** RFC 3339. */
  readonly redeemedAt: string;
}

export const maxNameLength = 80;

/** Lengths of a code in code points. */
export const minCodeLength = 4;
export const maxCodeLength = 25;

export const maxQuantity = 1_000_000;

/** A redemption is one movement of credit. */
export const maxValue = maxCreditAmount;

export const unitsPerPiece = 50;

/** At 5,000 redemptions a second each piece takes about 80, of the 500 that DynamoDB lets transactions write to one item. */
export const maxPieces = 64;
