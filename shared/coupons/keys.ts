/** Keys of coupons, their codes, the pieces of their stock, and redemptions. */
import { padded, type IndexPlaces, type Key, type Partition, type SecondIndexKey } from "../runtime/key.ts";
import { sortedPlace } from "../runtime/search.ts";
import type { Piece, Redemption, StoredCoupon } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const couponPartitions = {
  coupons: "COUPONS",
  activeCoupons: "COUPONS#ACTIVE",
  couponCodes: "COUPON-CODE#*",
  couponPieces: "COUPON-PIECE#*",
  redeemedCoupons: "REDEEMED#*",
  redemptions: "REDEMPTIONS#*",
  /** In the index only. */
  couponsByName: "COUPONS#BY-NAME",
} as const;

/** The place of a coupon in the second index, for searches. Several coupons may have the same name. */
export function placeByName({ id, name }: Pick<StoredCoupon, "id" | "name">): SecondIndexKey {
  return { gsi2pk: couponPartitions.couponsByName, gsi2sk: sortedPlace(name, id) };
}

/** The places of a coupon: an active one is listed in the first index, and each is found by its name in the second. */
export function placesOf(coupon: StoredCoupon): IndexPlaces {
  const { id, active } = coupon;
  return { ...(active && { gsi1pk: couponPartitions.activeCoupons, gsi1sk: id }), ...placeByName(coupon) };
}

export const couponKey = {
  coupon: (couponId: string): Key<StoredCoupon> => ({ pk: "COUPONS", sk: couponId }),
  /** The partition of the index that lists the active coupons. */
  activeCoupons: (): Partition<StoredCoupon> => ({ pk: "COUPONS#ACTIVE" }),
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
