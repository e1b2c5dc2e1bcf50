/** What adds up, and when a round begins. Pure: no AWS, and the time is an argument. */
import type { Redemption } from "../coupons/model.ts";
import type { CreditMovement } from "../users/model.ts";
import type { Checkpoint, Difference, StockCount, UserProgress } from "./model.ts";

/** A round reads every user, so it begins this often. */
const hoursBetweenRounds = 6;

/** Longer than a function runs, plus what the clocks of two functions may differ. */
const clockToleranceMs = 60_000;

/** Whether a new round begins: at once when a difference waits for its confirmation. */
export function isRoundDue({ round, suspects }: Checkpoint, now: Date): boolean {
  return (
    round.ended && (suspects.length > 0 || now.getTime() - Date.parse(round.began) >= hoursBetweenRounds * 3_600_000)
  );
}

/** A movement follows the one before, leads to its balance, and never below zero. */
export function movementDifference(
  { userId, movement, balance }: UserProgress,
  { number, entry }: { readonly number: number; readonly entry: CreditMovement },
): Difference | undefined {
  const differs = (reason: string): Difference => ({ id: userId, reason });
  if (number !== movement + 1) return differs(`movement ${movement + 1} is missing`);
  if (entry.balance !== balance + entry.amount) return differs(`movement ${number} does not lead to its balance`);
  return entry.balance < 0 ? differs(`movement ${number} leads below zero`) : undefined;
}

/** All movements of a user lead to its credit. */
export function creditDifference(
  { userId, movement, balance }: UserProgress,
  user: { readonly movements: number; readonly credit: number },
): Difference | undefined {
  if (movement < user.movements) return { id: userId, reason: `movement ${movement + 1} is missing` };
  if (balance === user.credit) return undefined;
  return { id: userId, reason: `the movements lead to ${balance}, the credit is ${user.credit}` };
}

/** A redemption is paid by the movement with its number, and marked so that the user cannot redeem the coupon again. */
export function redemptionDifference(
  redemption: Redemption,
  entry: CreditMovement | undefined,
  markedId: string | undefined,
): Difference | undefined {
  const { id, value } = redemption;
  if (entry?.redemptionId !== id || entry.amount !== 0 - value) return { id, reason: "no movement has paid for it" };
  return markedId === id ? undefined : { id, reason: "nothing keeps its user from redeeming again" };
}

/** Counts a redemption of the coupon. */
export function countRedemption(count: StockCount, { redeemedAt }: Redemption): StockCount {
  const laterMs = Date.parse(redeemedAt) - Date.parse(count.readAt);
  return {
    ...count,
    before: count.before + Number(laterMs < -clockToleranceMs),
    perhapsBefore: count.perhapsBefore + Number(laterMs < clockToleranceMs),
  };
}

/** What has left a coupon's stock has been redeemed, and no more than its quantity. */
export function stockDifference(id: string, count: StockCount): Difference | undefined {
  const { taken, quantity, before, perhapsBefore } = count;
  if (taken > quantity) return { id, reason: `${taken} were redeemed, more than its quantity of ${quantity}` };
  if (taken >= before && taken <= perhapsBefore) return undefined;
  return { id, reason: `${taken} have left the stock, ${perhapsBefore} were redeemed` };
}
