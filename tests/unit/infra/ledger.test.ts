import fc from "fast-check";
import { checkLedger } from "../../../infra/checks/ledger.ts";
import { createUser, moveCredit, openingMovement } from "../../../shared/users/rules.ts";
import { couponKey } from "../../../shared/coupons/keys.ts";
import { userKey } from "../../../shared/users/keys.ts";
import type { Item } from "../../../shared/runtime/table.ts";

const now = new Date("2026-11-20T12:00:00.000Z");

/** The items of a user after these movements of its credit. */
function itemsAfter(credit: number, amounts: readonly number[]): Item[] {
  let user = createUser({ username: "ada", name: "Ada", credit }, now);
  const opening = openingMovement(user);
  const items: Item[] = opening === undefined ? [] : [{ ...userKey.creditMovement(user.id, 1), ...opening }];
  for (const amount of amounts) {
    const moved = moveCredit(user, { amount, reason: "Test" }, now);
    user = moved.user;
    items.push({ ...userKey.creditMovement(user.id, user.movements), ...moved.movement });
  }
  return [{ ...userKey.user(user.id), ...user }, ...items];
}

/** A user that has redeemed a coupon once. */
function redeemedOnce(): Item[] {
  const [user, ...movements] = itemsAfter(10, [-7]);
  const [id, redemptionId] = [user!["id"] as string, "rdm_1"];
  movements[1] = { ...movements[1], redemptionId };
  return [
    user!,
    ...movements,
    { ...couponKey.coupon("cpn_1"), id: "cpn_1", quantity: 2 },
    { ...couponKey.couponPiece("cpn_1", 0), redeemed: 1, allotted: 2 },
    { ...couponKey.redeemedCoupon(id, "cpn_1"), redemptionId },
    { ...couponKey.redemption(id, 2), id: redemptionId, couponId: "cpn_1", value: 7 },
  ];
}

const faultsOf = (items: readonly Item[]) => checkLedger(items, items).faults;

describe("the ledger", () => {
  test("adds up after any movements", () => {
    const amounts = fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.nat(1000), amounts, (credit, moved) => {
        expect(faultsOf(itemsAfter(credit, moved))).toEqual([]);
      }),
    );
    const items = redeemedOnce();
    expect(checkLedger(items, items)).toEqual({ users: 1, movements: 2, redemptions: 1, faults: [] });
  });

  test.each<[string, (items: Item[]) => Item[], RegExp]>([
    ["a balance that is not the sum", ([user, ...rest]) => [{ ...user, credit: 4 }, ...rest], /the credit is 4/],
    ["a movement that is gone", ([user, first]) => [user!, first!], /movement 2 is missing/],
    [
      "a movement of another amount",
      ([user, first, second]) => [user!, { ...first, amount: 9 }, second!],
      /movement 1 does not lead/,
    ],
    ["a balance below zero", () => itemsAfter(5, [-7, 20]), /movement 2 leads below zero/],
    [
      "a redemption that nobody paid",
      (items) => items.map((item) => ({ ...item, redemptionId: "rdm_2" })),
      /no movement/,
    ],
    [
      "a redemption without its mark",
      (items) => items.filter(({ pk }) => !(pk as string).startsWith("REDEEMED")),
      /from redeeming again/,
    ],
    [
      "stock that left for nothing",
      (items) => items.filter(({ pk }) => !(pk as string).startsWith("REDEMPTIONS")),
      /1 have left the stock, 0 were redeemed/,
    ],
    [
      "more redemptions than the quantity",
      (items) => items.map((item) => (item["quantity"] === 2 ? { ...item, quantity: 0 } : item)),
      /more often than its quantity/,
    ],
  ])("shows %s", (_what, spoil, fault) => {
    const faults = faultsOf(spoil(redeemedOnce()));
    expect(faults.some((line) => fault.test(line))).toBe(true);
  });

  test("can be checked during calls: movements after the first read are no differences", () => {
    const before = itemsAfter(10, []);
    const after = redeemedOnce();
    const sameUser = after.map((item) =>
      Object.fromEntries(
        Object.entries(item).map(([name, value]) => [name, rename(value, after[0]!["id"], before[0]!["id"])]),
      ),
    ) as Item[];
    expect(checkLedger(before, sameUser).faults).toEqual([]);
  });
});

function rename(value: unknown, from: unknown, to: unknown): unknown {
  return typeof value === "string" ? value.replace(String(from), String(to)) : value;
}
