/**
 * Items of coupons: the coupon, its code, the pieces of its stock, and who has redeemed it.
 *
 * A change of terms (quantity, active, expiry) goes in steps that each may be repeated, by anybody: the coupon says what is
 * wanted; the pieces are closed one by one, each at what has been redeemed from it; then, nothing being redeemed, the change
 * comes true in one write of the coupon; then the pieces are opened under the new terms. No transaction spans the pieces: in a
 * crowd it would never find all of them free.
 */
import { etagOf } from "../domain/etag.ts";
import { orThrow, notFound, Problem } from "../domain/problems.ts";
import { newId } from "../domain/ids.ts";
import { absent, all, unchanged } from "../runtime/writes.ts";
import { key } from "../runtime/key.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Change, Expression, Item, Table, Write } from "../runtime/table.ts";
import type { StoredUser } from "../users/rules.ts";
import { creditChange } from "../users/store.ts";
import type { Coupon, Redemption } from "./contract.ts";
import {
  alreadyRedeemed,
  concludeChange,
  isSettled,
  refuseRedemption,
  type PendingChange,
  type Piece,
  type StoredCoupon,
} from "./rules.ts";

/** The index partition of the coupons that are switched on. */
const activeIndex = "COUPONS#ACTIVE";

export async function findCoupon(table: Table, couponId: string): Promise<StoredCoupon | undefined> {
  const item = await table.get(key.coupon(couponId));
  return item && couponFrom(item);
}

/** The coupon. @throws Problem `not_found` */
export async function readCoupon(table: Table, couponId: string): Promise<StoredCoupon> {
  return orThrow((await findCoupon(table, couponId)) ?? notFound());
}

/** The coupon behind a code. @param codeHash of `hashCode` */
export async function findCouponByCode(table: Table, codeHash: string): Promise<StoredCoupon | undefined> {
  const item = await table.get(key.couponCode(codeHash));
  return item && (await findCoupon(table, item.couponId as string));
}

/** A page of coupons, newest first: all of them, or from the index those that are switched on. */
export async function listCoupons(
  table: Table,
  page: { readonly limit: number; readonly after: string | undefined; readonly activeOnly: boolean },
): Promise<{ readonly coupons: readonly StoredCoupon[]; readonly lastKey: string | undefined }> {
  const { activeOnly, ...range } = page;
  const { items, lastKey } = await table.query({
    ...(activeOnly ? { pk: activeIndex, index: "gsi1" } : { pk: key.coupon("").pk }),
    descending: true,
    ...range,
  });
  return { coupons: items.map(couponFrom), lastKey };
}

/** Refused with `coupon_code_taken` if another coupon has the code. @param codeHash of `hashCode` */
export function couponCreation(coupon: StoredCoupon, codeHash: string): Change {
  return [
    {
      put: { ...key.couponCode(codeHash), couponId: coupon.id },
      condition: absent,
      onConditionFailed: () => new Problem("coupon_code_taken", "Another coupon has this code."),
    },
    { put: toItem(coupon), condition: absent },
    ...coupon.allotments.map((allotted, piece) => ({
      put: { ...key.couponPiece(coupon.id, piece), ...openPiece(coupon, allotted) },
      condition: absent,
    })),
  ];
}

function openPiece({ epoch, active, expiresAt }: StoredCoupon, allotted: number): Piece {
  return { epoch, closed: false, active, expiresAt, allotted, redeemed: 0, soldOut: false };
}

/** The coupon, unless it has changed since it was read. */
export function couponReplacement(before: StoredCoupon, after: StoredCoupon): Write {
  const sameChange: Expression =
    before.pending === undefined
      ? { expression: "attribute_not_exists(pending)" }
      : { expression: "pending.epoch = :pending", values: { ":pending": before.pending.epoch } };
  const sameEpoch: Expression = { expression: "epoch = :epoch", values: { ":epoch": before.epoch } };
  return {
    put: toItem(after),
    condition: all(unchanged(before.revision), sameEpoch, sameChange),
    onConditionFailed: () => new ConcurrencyConflict(),
  };
}

/**
 * Takes a change of terms to its end, wherever it stands; several may do so at once.
 *
 * @returns the coupon with all pieces open under its terms
 * @throws ConcurrencyConflict when others are about to
 */
export async function settleCoupon(table: Table, coupon: StoredCoupon): Promise<StoredCoupon> {
  const { pending } = coupon;
  if (pending === undefined) {
    await openPieces(table, coupon);
    return coupon;
  }
  const concluded = await conclude(table, { ...coupon, pending }).catch(async (error: unknown) => {
    if (!(error instanceof ConcurrencyConflict)) throw error;
    const current = await readCoupon(table, coupon.id);
    if (current.epoch < pending.epoch) throw error;
    return current;
  });
  await openPieces(table, concluded);
  return concluded;
}

async function conclude(
  table: Table,
  coupon: StoredCoupon & { readonly pending: PendingChange },
): Promise<StoredCoupon> {
  const concluded = concludeChange(coupon, await closePieces(table, coupon, coupon.pending.epoch));
  await table.commit([couponReplacement(coupon, concluded)]);
  return concluded;
}

/** Closes every piece at what has been redeemed from it, and says how much that is. @throws ConcurrencyConflict */
async function closePieces(table: Table, { id, allotments }: StoredCoupon, epoch: number): Promise<readonly number[]> {
  await forEveryPiece(allotments.length, async (piece) => {
    await updatePiece(table, id, piece, {
      set: { expression: "SET #closed = :true, epoch = :epoch", names, values: { ":true": true, ":epoch": epoch } },
      condition: { expression: "epoch < :epoch" },
    });
  });
  const pieces = await readPieces(table, id, allotments.length);
  if (pieces.some((piece) => piece?.epoch !== epoch || !piece.closed)) throw new ConcurrencyConflict();
  return pieces.map((piece) => piece?.redeemed ?? 0);
}

/** Opens the pieces that are closed for the coupon's epoch, and makes those that it did not have before. */
async function openPieces(table: Table, coupon: StoredCoupon): Promise<void> {
  const { id, epoch, active, expiresAt, allotments } = coupon;
  await forEveryPiece(allotments.length, async (piece) => {
    await updatePiece(table, id, piece, {
      set: {
        expression:
          "SET #closed = :false, soldOut = :false, epoch = :epoch, #active = :active, expiresAt = :expiresAt, " +
          "allotted = :allotted, redeemed = if_not_exists(redeemed, :zero)",
        names: { ...names, "#active": "active" },
        values: {
          ":false": false,
          ":epoch": epoch,
          ":active": active,
          ":expiresAt": expiresAt,
          ":allotted": allotments[piece],
          ":zero": 0,
        },
      },
      condition: {
        expression: "attribute_not_exists(pk) OR (epoch = :epoch AND #closed = :true)",
        values: { ":true": true },
      },
    });
  });
}

const names = { "#closed": "closed" };

async function forEveryPiece(count: number, act: (piece: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, piece) => act(piece)));
}

/** Updates a piece on its own; one that does not meet the condition has been done, or is further than that. */
async function updatePiece(
  table: Table,
  couponId: string,
  piece: number,
  { set, condition }: { readonly set: Expression; readonly condition: Expression },
): Promise<void> {
  const write = { update: key.couponPiece(couponId, piece), set, condition, onConditionFailed: () => new Done() };
  await table.update(write).catch((error: unknown) => {
    if (!(error instanceof Done)) throw error;
  });
}

class Done extends Error {}

/** What is left of the coupon's stock and whether a user has a part in it, as it stands now. */
export interface Stock {
  readonly coupon: StoredCoupon;
  /** Undefined while a change of terms is under way. */
  readonly pieces: readonly Piece[] | undefined;
  readonly redeemedBefore: boolean;
}

export async function readStock(table: Table, couponId: string, userId: string): Promise<Stock> {
  const coupon = await readCoupon(table, couponId);
  const [pieces, redeemed] = await Promise.all([
    readPieces(table, couponId, coupon.allotments.length),
    table.get(key.redeemedCoupon(userId, couponId)),
  ]);
  return {
    coupon,
    pieces: isSettled(coupon, pieces) ? (pieces as readonly Piece[]) : undefined,
    redeemedBefore: redeemed !== undefined,
  };
}

async function readPieces(table: Table, couponId: string, count: number): Promise<readonly (Piece | undefined)[]> {
  const keys = Array.from({ length: count }, (_, piece) => key.couponPiece(couponId, piece));
  return (await table.getAll(keys)) as readonly ((Piece & Item) | undefined)[];
}

/** Leaves word on a piece that all are empty, so that whoever comes to it need not look at the others. */
export async function markSoldOut(table: Table, { id, epoch }: StoredCoupon, piece: number): Promise<void> {
  await updatePiece(table, id, piece, {
    set: { expression: "SET soldOut = :true", values: { ":true": true } },
    condition: {
      expression: "epoch = :epoch AND #closed = :false",
      names,
      values: { ":epoch": epoch, ":false": false },
    },
  });
}

/** A redemption that is about to be made. */
export interface RedemptionRequest {
  readonly coupon: Pick<StoredCoupon, "id" | "name" | "value">;
  readonly piece: number;
  readonly user: StoredUser;
  readonly now: Date;
  /** Told when the piece was closed or empty, and another one may not be. */
  readonly onMiss: () => void;
}

/**
 * Redeems from one piece: one unit of it, once by this user, paid from its credit, and in the ledger.
 *
 * @returns the change, refused in the contract's order where the pieces tell it; stale where only the others can
 */
export function redemptionChange({ coupon, piece, user, now, onMiss }: RedemptionRequest): {
  readonly redemption: Redemption;
  readonly change: Change;
} {
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
  const redeemed = key.redeemedCoupon(user.id, coupon.id);
  const taking: Write = {
    update: key.couponPiece(coupon.id, piece),
    set: { expression: "SET redeemed = redeemed + :one", values: { ":one": 1 } },
    condition: {
      expression: "#closed = :false AND #active = :true AND expiresAt > :now AND redeemed < allotted",
      names: { ...names, "#active": "active" },
      values: { ":false": false, ":true": true, ":now": now.toISOString() },
    },
    onConditionFailed: (existing, alsoFailed) => {
      const found = existing as Piece | undefined;
      onMiss();
      if (found === undefined || found.closed) return new ConcurrencyConflict();
      const standing = { redeemedBefore: alsoFailed(redeemed), exhausted: found.soldOut };
      return refuseRedemption(found, standing, now) ?? new ConcurrencyConflict();
    },
  };
  return {
    redemption,
    change: [
      taking,
      { put: { ...redeemed, redemptionId }, condition: absent, onConditionFailed: alreadyRedeemed },
      {
        put: { ...key.redemption(user.id, user.movements + 1), ...redemption },
        condition: absent,
        onConditionFailed: () => new ConcurrencyConflict(),
      },
      ...change,
    ],
  };
}

/** A page of a user's redemptions, newest first. */
export async function listRedemptions(
  table: Table,
  userId: string,
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<{ readonly redemptions: readonly Redemption[]; readonly lastKey: string | undefined }> {
  const { items, lastKey } = await table.query({ pk: key.redemption(userId, 0).pk, descending: true, ...page });
  return { redemptions: items.map(viewRedemption), lastKey };
}

function viewRedemption(item: Item): Redemption {
  const { id, couponId, value, creditLeft, redeemedAt } = item as unknown as Redemption;
  return { id, couponId, value, creditLeft, redeemedAt };
}

function toItem(coupon: StoredCoupon) {
  return {
    ...key.coupon(coupon.id),
    ...(coupon.active && { gsi1pk: activeIndex, gsi1sk: coupon.id }),
    ...coupon,
  };
}

function couponFrom({ pk: _pk, sk: _sk, gsi1pk: _gsi1pk, gsi1sk: _gsi1sk, ...coupon }: Item): StoredCoupon {
  return coupon as StoredCoupon;
}

/** How often each of the coupons has been redeemed. */
export async function countRedeemed(table: Table, coupons: readonly StoredCoupon[]): Promise<readonly number[]> {
  const keys = coupons.map(({ id, allotments }) => allotments.map((_, piece) => key.couponPiece(id, piece)));
  const pieces = (await table.getAll(keys.flat())) as readonly ((Piece & Item) | undefined)[];
  let place = 0;
  return keys.map(({ length }) =>
    pieces.slice(place, (place += length)).reduce((total, piece) => total + (piece?.redeemed ?? 0), 0),
  );
}

/**
 * A coupon as callers see it.
 *
 * @param redeemed how often it has been redeemed; read after the coupon, so that it may belong to a larger quantity
 */
export function viewCoupon(coupon: StoredCoupon, redeemed: number): Coupon {
  const { id, name, value, quantity, active, expiresAt, createdAt, updatedAt, revision } = coupon;
  const remaining = Math.max(0, quantity - redeemed);
  return { id, name, value, quantity, remaining, active, expiresAt, createdAt, updatedAt, etag: etagOf(revision) };
}
