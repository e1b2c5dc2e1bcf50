/** Items of coupons: the coupon, its code, the pieces of its stock, and who has redeemed it. */
import { newId } from "../domain/ids.ts";
import { notFound, orThrow, Problem } from "../domain/problems.ts";
import type { Partition } from "../runtime/key.ts";
import { beginningWith, pageWhere, searchForm, type PagedSource } from "../runtime/search.ts";
import type { Change, Expression, Page, PageRequest, Table, UpdateWrite, Write } from "../runtime/table.ts";
import { all, conflict, placeIfNone, putAbsent, unchanged, updateIf } from "../runtime/writes.ts";
import type { StoredUser } from "../users/model.ts";
import { creditChange } from "../users/store.ts";
import { couponKey, couponPartitions, placeByName, placesOf } from "./keys.ts";
import type { Piece, Redemption, StoredCoupon } from "./model.ts";
import { alreadyRedeemed, refuseRedemption } from "./rules.ts";

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
  { activeOnly, ...page }: CouponPageRequest,
): Promise<Page<StoredCoupon>> {
  const source = activeOnly
    ? ({ partition: couponKey.activeCoupons(), index: "gsi1" } as const)
    : { partition: couponKey.coupon("") };
  return await table.query({ ...source, ...page, descending: true });
}

/** @property activeOnly leaves out the coupons that only administrators see */
type CouponPageRequest = PageRequest & { readonly activeOnly: boolean };

/**
 * A page of the coupons whose name begins with a text, by name; of all coupons for an empty text. A text that begins like an id is
 * compared with ids. Inactive coupons stand among the others, so a page without them may have fewer items than the limit.
 */
export async function searchCoupons(table: Table, text: string, { activeOnly, ...page }: CouponPageRequest) {
  const source = text.startsWith("cpn_") ? byId(table, text) : byName(table, searchForm(text));
  return await pageWhere(source, ({ active }) => active || !activeOnly, page);
}

function byId(table: Table, text: string): PagedSource<StoredCoupon> {
  return (page) => table.query({ partition: couponKey.coupon(""), ...beginningWith(text), ...page });
}

/** The coupons as they are now: the index may lag behind a change. */
function byName(table: Table, text: string): PagedSource<StoredCoupon> {
  return async (page) => {
    const partition: Partition<StoredCoupon> = { pk: couponPartitions.couponsByName };
    const { items, lastKey } = await table.query({ partition, index: "gsi2", ...beginningWith(text), ...page });
    const coupons = await table.getAll(items.map(({ id }) => couponKey.coupon(id)));
    return { items: coupons.filter((coupon) => coupon !== undefined), lastKey };
  };
}

/** Creates a coupon. Refused with `coupon_code_taken` if another coupon has the code. @param codeHash of `hashCode` */
export function couponCreation(coupon: StoredCoupon, codeHash: string): Change {
  const onExisting = () => new Problem("coupon_code_taken", "Another coupon has this code. Choose a different one.");
  return [
    putAbsent(couponKey.couponCode(codeHash), { couponId: coupon.id }, { onExisting }),
    putAbsent(couponKey.coupon(coupon.id), coupon, { index: placesOf(coupon) }),
    ...coupon.allotments.map((allotted, piece) =>
      putAbsent(couponKey.couponPiece(coupon.id, piece), openPiece(coupon, allotted)),
    ),
  ];
}

function openPiece({ epoch, active, expiresAt }: StoredCoupon, allotted: number): Piece {
  return { epoch, closed: false, active, expiresAt, allotted, redeemed: 0, soldOut: false };
}

/** Replaces the coupon unless it has changed since it was read, its pending change included. */
export function couponReplacement(before: StoredCoupon, after: StoredCoupon): Write {
  const sameChange: Expression =
    before.pending === undefined
      ? { expression: "attribute_not_exists(pending)" }
      : { expression: "pending.epoch = :pending", values: { ":pending": before.pending.epoch } };
  const sameEpoch: Expression = { expression: "epoch = :epoch", values: { ":epoch": before.epoch } };
  return {
    put: { ...couponKey.coupon(after.id), ...placesOf(after), ...after },
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

/** The change that gives a coupon of an earlier release its place by name. One that changes meanwhile gets it then. */
export async function couponSearchUpdates(table: Table, couponId: string): Promise<readonly Change[]> {
  const coupon = await table.get(couponKey.coupon(couponId));
  if (coupon === undefined) return [];
  const place = placeIfNone(couponKey.coupon(couponId), placeByName(coupon));
  return [[{ ...place, condition: all(place.condition, unchanged(coupon.revision)) }]];
}
