import {
  countRedemption,
  creditDifference,
  isRoundDue,
  movementDifference,
  redemptionDifference,
  stockDifference,
} from "../../../shared/ledger/rules.ts";
import type { Checkpoint, StockCount } from "../../../shared/ledger/model.ts";

const readAt = "2026-11-20T12:00:00.000Z";
const at = (seconds: number): string => new Date(Date.parse(readAt) + seconds * 1000).toISOString();
const movement = { id: "crd_1", amount: 5, balance: 15, reason: "Test", redemptionId: null, at: readAt };
const progress = { userId: "usr_1", movement: 1, balance: 10 };
const redemption = { id: "rdm_1", couponId: "cpn_1", value: 5, creditLeft: 5, redeemedAt: readAt };
const count: StockCount = { quantity: 9, taken: 0, readAt, before: 0, perhapsBefore: 0, suspected: false };

describe("a movement", () => {
  test.each([
    ["follows the one before and leads to its balance", 2, movement, undefined],
    ["is missing", 3, movement, "movement 2 is missing"],
    ["does not lead to its balance", 2, { ...movement, amount: 6 }, "movement 2 does not lead to its balance"],
    ["leads below zero", 2, { ...movement, amount: -15, balance: -5 }, "movement 2 leads below zero"],
  ])("%s", (_what, number, entry, reason) => {
    expect(movementDifference(progress, { number, entry })?.reason).toBe(reason);
  });
});

test.each([
  ["lead to the credit", { movements: 1, credit: 10 }, undefined],
  ["lead elsewhere", { movements: 1, credit: 11 }, "the movements lead to 10, the credit is 11"],
  ["end too early", { movements: 2, credit: 10 }, "movement 2 is missing"],
])("all movements of a user %s", (_what, user, reason) => {
  expect(creditDifference(progress, user)?.reason).toBe(reason);
});

const paid = { ...movement, amount: -5, redemptionId: "rdm_1" };
test.each([
  ["is paid and marked", paid, "rdm_1", undefined],
  ["has no movement", undefined, "rdm_1", "no movement has paid for it"],
  ["is paid with a different amount", { ...paid, amount: -4 }, "rdm_1", "no movement has paid for it"],
  ["is not marked", paid, undefined, "nothing keeps its user from redeeming again"],
])("a redemption %s", (_what, entry, marked, reason) => {
  expect(redemptionDifference(redemption, entry, marked)?.reason).toBe(reason);
});

describe("the stock of a coupon", () => {
  const counted = (taken: number, ...seconds: readonly number[]): StockCount =>
    seconds.reduce((sum, second) => countRedemption(sum, { ...redemption, redeemedAt: at(second) }), {
      ...count,
      taken,
    });

  test.each([
    ["equals the redemptions from before", counted(2, -3600, -100), undefined],
    ["does not count later ones", counted(1, -3600, 100), undefined],
    ["may count those of the same minute, or not", counted(1, -3600, -10), undefined],
    ["may count them, whatever the clocks say", counted(2, -3600, 10), undefined],
    ["left for nothing", counted(2, -3600), "2 have left the stock, 1 were redeemed"],
    ["did not leave", counted(1, -3600, -100), "1 have left the stock, 2 were redeemed"],
    ["exceeds the quantity", counted(10, -3600), "10 were redeemed, more than its quantity of 9"],
  ])("%s", (_what, stock, reason) => {
    expect(stockDifference("cpn_1", stock)?.reason).toBe(reason);
  });
});

describe("a round", () => {
  const checkpoint = (ended: boolean, suspects: readonly string[] = []): Checkpoint => ({
    revision: 1,
    round: { began: readAt, stock: {}, ended },
    suspects,
  });

  test.each([
    ["begins when the last one is old", checkpoint(true), at(6 * 3600), true],
    ["waits while the last one is fresh", checkpoint(true), at(6 * 3600 - 1), false],
    ["begins at once to confirm a difference", checkpoint(true, ["cpn_1"]), at(60), true],
    ["does not begin beside another one", checkpoint(false, ["cpn_1"]), at(12 * 3600), false],
  ])("%s", (_what, before, now, due) => {
    expect(isRoundDue(before, new Date(now))).toBe(due);
  });
});
