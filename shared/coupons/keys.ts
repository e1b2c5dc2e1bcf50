/** Keys of coupons, their codes, the pieces of their stock, and redemptions. */
import { padded, type IndexKey, type Key, type Partition } from "../runtime/key.ts";
import type { Piece, Redemption, StoredCoupon } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const couponPartitions = {
  coupons: "COUPONS",
  activeCoupons: "COUPONS#ACTIVE",
  couponCodes: "COUPON-CODE#*",
  couponPieces: "COUPON-PIECE#*",
  redeemedCoupons: "REDEEMED#*",
  redemptions: "REDEMPTIONS#*",
} as const;

export const couponKey = {
  coupon: (couponId: string): Key<StoredCoupon> => ({ pk: "COUPONS", sk: couponId }),
  /** The partition of the index that lists the active coupons. */
  activeCoupons: (): Partition<StoredCoupon> => ({ pk: "COUPONS#ACTIVE" }),
  /** The place of an active coupon in that partition. */
  activeCoupon: (couponId: string): IndexKey => ({ gsi1pk: "COUPONS#ACTIVE", gsi1sk: couponId }),
  /** Reserves a code for one coupon. @param codeHash of `hashCode` */
  couponCode: (codeHash: string): Key<{ readonly couponId: string }> => ({
    pk: `COUPON-CODE#${codeHash}`,
    sk: "COUPON-CODE",
  }),
  /** A piece of a coupon's stock, in a partition of its own: DynamoDB limits the writes to one. @param piece from 0 */
  couponPiece: (couponId: string, piece: number): Key<Piece> => ({
    pk: `COUPON-PIECE#${couponId}#${piece}`,
    sk: "COUPON-PIECE",
  }),
  /** Marks a coupon as redeemed by a user. */
  redeemedCoupon: (userId: string, couponId: string): Key<{ readonly redemptionId: string }> => ({
    pk: `REDEEMED#${userId}`,
    sk: couponId,
  }),
  /** Redemptions sort by the number of the credit movement that paid for them. */
  redemption: (userId: string, number: number): Key<Redemption> => ({
    pk: `REDEMPTIONS#${userId}`,
    sk: padded(number),
  }),
} as const;
