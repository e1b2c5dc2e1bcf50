/** Items of coupons: the coupon, its code, the pieces of its stock, and who has redeemed it. */
import { newId } from "../domain/ids.ts";
import { notFound, orThrow, Problem } from "../domain/problems.ts";
import type { Change, Expression, Page, Table, UpdateWrite, Write } from "../runtime/table.ts";
import { all, conflict, putAbsent, unchanged, updateIf } from "../runtime/writes.ts";
import type { StoredUser } from "../users/model.ts";
import { creditChange } from "../users/store.ts";
import { couponKey } from "./keys.ts";
import type { Piece, Redemption, StoredCoupon } from "./model.ts";
import { alreadyRedeemed, refuseRedemption } from "./rules.ts";

interface PageRequest {
  readonly limit: number;
  readonly after: string | undefined;
}

/** The coupon. @throws Problem `not_found` */
export async function readCoupon(table: Table, couponId: string): Promise<StoredCoupon> {
  return orThrow((await table.get(couponKey.coupon(couponId))) ?? notFound());
}

/** The coupon with a code. @param codeHash of `hashCode` */
export async function findCouponByCode(table: Table, codeHash: string): Promise<StoredCoupon | undefined> {
  const reservation = await table.get(couponKey.couponCode(codeHash));
  return reservation && (await table.get(couponKey.coupon(reservation.couponId)));
}

/** A page of coupons, newest first: all of them, or the active ones from the index. */
export async function listCoupons(
  table: Table,
  { activeOnly, ...page }: PageRequest & { readonly activeOnly: boolean },
): Promise<Page<StoredCoupon>> {
  const source = activeOnly
    ? ({ partition: couponKey.activeCoupons(), index: "gsi1" } as const)
    : { partition: couponKey.coupon("") };
  return await table.query({ ...source, ...page, descending: true });
}

/** Creates a coupon. Refused with `coupon_code_taken` if another coupon has the code. @param codeHash of `hashCode` */
export function couponCreation(coupon: StoredCoupon, codeHash: string): Change {
  const onExisting = () => new Problem("coupon_code_taken", "Another coupon has this code. Choose a different one.");
  return [
    putAbsent(couponKey.couponCode(codeHash), { couponId: coupon.id }, { onExisting }),
    putAbsent(couponKey.coupon(coupon.id), coupon, { index: indexKeyOf(coupon) }),
    ...coupon.allotments.map((allotted, piece) =>
      putAbsent(couponKey.couponPiece(coupon.id, piece), openPiece(coupon, allotted)),
    ),
  ];
}

function openPiece({ epoch, active, expiresAt }: StoredCoupon, allotted: number): Piece {
  return { epoch, closed: false, active, expiresAt, allotted, redeemed: 0, soldOut: false };
}

function indexKeyOf({ id, active }: StoredCoupon) {
  return active ? couponKey.activeCoupon(id) : undefined;
}

/** Replaces the coupon unless it has changed since it was read, its pending change included. */
export function couponReplacement(before: StoredCoupon, after: StoredCoupon): Write {
  const sameChange: Expression =
    before.pending === undefined
      ? { expression: "attribute_not_exists(pending)" }
      : { expression: "pending.epoch = :pending", values: { ":pending": before.pending.epoch } };
  const sameEpoch: Expression = { expression: "epoch = :epoch", values: { ":epoch": before.epoch } };
  return {
    put: { ...couponKey.coupon(after.id), ...indexKeyOf(after), ...after },
    condition: all(unchanged(before.revision), sameEpoch, sameChange),
    onConditionFailed: conflict,
  };
}

const closedName = { "#closed": "closed" };
const pieceNames = { ...closedName, "#active": "active" };

/** Closes a piece for an epoch that it has not reached yet. */
export function pieceClosing(couponId: string, piece: number, epoch: number): UpdateWrite<Piece> {
  return updateIf(
    couponKey.couponPiece(couponId, piece),
    { expression: "epoch < :epoch" },
    {
      expression: "SET #closed = :true, epoch = :epoch",
      names: closedName,
      values: { ":true": true, ":epoch": epoch },
    },
  );
}

/** Opens a piece that is closed for the coupon's epoch, or creates one that the coupon did not have before. */
export function pieceOpening(
  { id, epoch, active, expiresAt, allotments }: StoredCoupon,
  piece: number,
): UpdateWrite<Piece> {
  return updateIf(
    couponKey.couponPiece(id, piece),
    {
      expression: "attribute_not_exists(pk) OR (epoch = :epoch AND #closed = :true)",
      values: { ":true": true },
    },
    {
      expression:
        "SET #closed = :false, soldOut = :false, epoch = :epoch, #active = :active, expiresAt = :expiresAt, " +
        "allotted = :allotted, redeemed = if_not_exists(redeemed, :zero)",
      names: pieceNames,
      values: {
        ":false": false,
        ":epoch": epoch,
        ":active": active,
        ":expiresAt": expiresAt,
        ":allotted": allotments[piece],
        ":zero": 0,
      },
    },
  );
}

/** Marks an open piece of the coupon's epoch: the whole stock is empty. */
export function soldOutMark({ id, epoch }: StoredCoupon, piece: number): UpdateWrite<Piece> {
  return updateIf(
    couponKey.couponPiece(id, piece),
    {
      expression: "epoch = :epoch AND #closed = :false",
      names: closedName,
      values: { ":epoch": epoch, ":false": false },
    },
    { expression: "SET soldOut = :true", values: { ":true": true } },
  );
}

const pieceKeysOf = ({ id, allotments }: StoredCoupon) =>
  allotments.map((_, piece) => couponKey.couponPiece(id, piece));

/** The pieces of a coupon's stock; undefined for one that does not exist yet. */
export async function findPieces(table: Table, coupon: StoredCoupon): Promise<readonly (Piece | undefined)[]> {
  return await table.getAll(pieceKeysOf(coupon));
}

/** How often each of the coupons has been redeemed. */
export async function countRedeemed(table: Table, coupons: readonly StoredCoupon[]): Promise<readonly number[]> {
  const keys = coupons.map(pieceKeysOf);
  const pieces = await table.getAll(keys.flat());
  let place = 0;
  return keys.map(({ length }) =>
    pieces.slice(place, (place += length)).reduce((total, piece) => total + (piece?.redeemed ?? 0), 0),
  );
}

/** Whether the user has redeemed the coupon. */
export async function hasRedeemed(table: Table, userId: string, couponId: string): Promise<boolean> {
  return (await table.get(couponKey.redeemedCoupon(userId, couponId))) !== undefined;
}

/** The coupon's fields that a redemption names. */
export type RedeemedCoupon = Pick<StoredCoupon, "id" | "name" | "value">;

/**
 * Redeems one unit of a piece: once by this user, paid from its credit and recorded in the ledger.
 *
 * @returns the change. It is refused in the contract's order where the piece knows the reason; an empty or closed piece is an
 *   optimistic-concurrency conflict, because another piece may be open and not empty
 */
export function redemptionChange(
  coupon: RedeemedCoupon,
  piece: number,
  user: StoredUser,
  now: Date,
): { readonly redemption: Redemption; readonly change: Change } {
  const redemptionId = newId("rdm_", now);
  const cause = { amount: 0 - coupon.value, reason: `Coupon: ${coupon.name}`, redemptionId };
  const { movement, change } = creditChange(user, cause, now);
  const redemption = {
    id: redemptionId,
    couponId: coupon.id,
    value: coupon.value,
    creditLeft: movement.balance,
    redeemedAt: movement.at,
  };
  const redeemed = couponKey.redeemedCoupon(user.id, coupon.id);
  const taking: Write = {
    update: couponKey.couponPiece(coupon.id, piece),
    set: { expression: "SET redeemed = redeemed + :one", values: { ":one": 1 } },
    condition: {
      expression: "#closed = :false AND #active = :true AND expiresAt > :now AND redeemed < allotted",
      names: pieceNames,
      values: { ":false": false, ":true": true, ":now": now.toISOString() },
    },
    onConditionFailed: (existing, alsoFailed) => {
      const found = existing as Piece | undefined;
      if (found === undefined || found.closed) return conflict(existing, alsoFailed);
      const obstacles = { redeemedBefore: alsoFailed(redeemed), exhausted: found.soldOut };
      return refuseRedemption(found, obstacles, now) ?? conflict(existing, alsoFailed);
    },
  };
  return {
    redemption,
    change: [
      taking,
      putAbsent(redeemed, { redemptionId }, { onExisting: alreadyRedeemed }),
      putAbsent(couponKey.redemption(user.id, user.movements + 1), redemption),
      ...change,
    ],
  };
}

/** A page of a user's redemptions, newest first. */
export async function listRedemptions(table: Table, userId: string, page: PageRequest): Promise<Page<Redemption>> {
  return await table.query({ partition: couponKey.redemption(userId, 0), ...page, descending: true });
}
