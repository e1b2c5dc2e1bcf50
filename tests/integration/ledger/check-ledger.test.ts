/** The check of the ledger on a table in use: it finds what was tampered with, and nothing else, in steps of any size. */
import { newId } from "../../../shared/domain/ids.ts";
import { couponKey } from "../../../shared/coupons/keys.ts";
import type { StoredCoupon } from "../../../shared/coupons/model.ts";
import { couponCreation, redemptionChange } from "../../../shared/coupons/store.ts";
import { ConcurrencyConflict } from "../../../shared/domain/conflict.ts";
import { checkLedger, type CheckRun } from "../../../shared/ledger/check-ledger.ts";
import { ledgerKey } from "../../../shared/ledger/keys.ts";
import type { Key } from "../../../shared/runtime/key.ts";
import { userKey } from "../../../shared/users/keys.ts";
import type { StoredUser } from "../../../shared/users/model.ts";
import { createUser } from "../../../shared/users/rules.ts";
import { creditChange, findUser, userCreation, userDeletion } from "../../../shared/users/store.ts";
import { startTable, type TestTable } from "../../support/engine-table.ts";

let made: TestTable;
beforeEach(async () => {
  made = await startTable();
});
afterEach(async () => {
  await made.close();
});

const hour = 3_600_000;
let names = 0;

async function newUser(credit = 100): Promise<string> {
  const user = createUser({ username: `user-${++names}`, name: "Ada", credit }, new Date());
  await made.table.commit(userCreation(user, undefined));
  return user.id;
}

async function newCoupon(quantity = 50): Promise<StoredCoupon> {
  const now = new Date().toISOString();
  const coupon: StoredCoupon = {
    ...{ id: newId("cpn_", new Date()), name: "Museum", value: 1, quantity, allotments: [quantity], active: true },
    ...{ epoch: 1, epochBegan: now, refused: false, createdAt: now, updatedAt: now, revision: 1 },
    expiresAt: new Date(Date.now() + hour).toISOString(),
  };
  await made.table.commit(couponCreation(coupon, `hash-of-${coupon.id}`));
  return coupon;
}

/** Changes a user's account as an operation does: reads, decides, and again after a conflict. */
async function change(userId: string, decide: (user: StoredUser) => ReturnType<typeof creditChange>["change"]) {
  for (;;) {
    const user = (await findUser(made.table, userId))!;
    try {
      await made.table.commit(decide(user));
      return;
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict)) throw error;
    }
  }
}

const grant = (userId: string, amount = 1) =>
  change(userId, (user) => creditChange(user, { amount, reason: "Test" }, new Date()).change);
const redeem = (userId: string, coupon: StoredCoupon) =>
  change(userId, (user) => redemptionChange(coupon, 0, user, new Date()).change);

async function tamper(key: Key, expression: string): Promise<void> {
  await made.table.commit([{ update: key, set: { expression, values: { ":one": 1 } } }]);
}

const run = (maxItems = 1000, now = new Date()): Promise<CheckRun> =>
  checkLedger(made.table, { now: () => now, maxItems, pauseMs: 20 });

/** Runs until a round has ended. */
async function round(
  maxItems?: number,
  now?: Date,
): Promise<{ readonly reasons: readonly string[]; readonly runs: number }> {
  const reasons: string[] = [];
  for (let runs = 1; ; runs++) {
    const { differences, roundEnded } = await run(maxItems, now);
    reasons.push(...differences.map(({ id, reason }) => `${id}: ${reason}`));
    if (roundEnded) return { reasons, runs };
  }
}

async function someone(): Promise<{ readonly userId: string; readonly coupon: StoredCoupon }> {
  const [userId, coupon] = [await newUser(), await newCoupon()];
  await grant(userId);
  await redeem(userId, coupon);
  return { userId, coupon };
}

test("a sound ledger has no difference, and the next round waits", async () => {
  await someone();
  expect(await run()).toEqual({ differences: [], roundEnded: true });
  expect(await run()).toEqual({ differences: [], roundEnded: false });
  expect(await run(1000, new Date(Date.now() + 7 * hour))).toEqual({ differences: [], roundEnded: true });
});

test("a round in the smallest steps finds what one run finds", async () => {
  const { userId } = await someone();
  await Promise.all(Array.from({ length: 12 }, () => newUser()));
  await tamper(userKey.user(userId), "SET credit = credit + :one");
  const { reasons, runs } = await round(1);
  expect(reasons).toEqual([`${userId}: the movements lead to 100, the credit is 101`]);
  expect(runs).toBeGreaterThan(12);
});

test("a user with more movements than a run may read is checked over several runs", async () => {
  const userId = await newUser();
  for (let number = 2; number <= 450; number++) await grant(userId);
  expect(await round(100)).toEqual({ reasons: [], runs: expect.any(Number) });
  await made.table.commit([{ delete: ledgerKey.checkpoint() }]);
  await tamper(userKey.creditMovement(userId, 440), "SET balance = balance + :one");
  const { reasons, runs } = await round(100);
  expect(reasons).toEqual([`${userId}: movement 440 does not lead to its balance`]);
  expect(runs).toBeGreaterThan(1);
});

test.each<[string, (made: { userId: string; coupon: StoredCoupon }) => Promise<void>, RegExp]>([
  [
    "a movement that is gone",
    async ({ userId }) => await made.table.remove([userKey.creditMovement(userId, 2)]),
    /^usr_\w+: movement 2 is missing$/,
  ],
  [
    "a redemption that is gone",
    async ({ userId }) => await made.table.remove([couponKey.redemption(userId, 3)]),
    /^rdm_\w+: its movement has no redemption$/,
  ],
  [
    "a redemption without its mark",
    async ({ userId, coupon }) => await made.table.remove([couponKey.redeemedCoupon(userId, coupon.id)]),
    /^rdm_\w+: nothing keeps its user from redeeming again$/,
  ],
])("shows %s, by ids alone", async (_what, spoil, expected) => {
  const someoneMade = await someone();
  await spoil(someoneMade);
  const { reasons } = await round();
  expect(reasons).toEqual([expect.stringMatching(expected)]);
});

test.each([
  ["too much", "SET redeemed = redeemed + :one", "2 have left the stock, 1 were redeemed"],
  ["too little", "SET redeemed = redeemed - :one", "0 have left the stock, 1 were redeemed"],
])("a stock from which %s has left is a difference in the second round", async (_what, expression, reason) => {
  const { coupon } = await someone();
  await newCoupon();
  await tamper(couponKey.couponPiece(coupon.id, 0), expression);
  // Redemptions of the last minute may or may not have left the stock.
  const later = new Date(Date.now() + hour);
  expect((await round(1000, later)).reasons).toEqual([]);
  expect((await round(1000, later)).reasons).toEqual([`${coupon.id}: ${reason}`]);
});

test("redemptions of deleted users still count, also of one who is deleted during the round", async () => {
  const coupon = await newCoupon();
  const users = [await newUser(), await newUser(), await newUser()];
  for (const userId of users) await redeem(userId, coupon);
  const remove = async (userId: string) => await made.table.commit(userDeletion((await findUser(made.table, userId))!));
  await remove(users[1]!);
  await run(1);
  await remove(users[0]!);
  await remove(users[2]!);
  expect((await round(1)).reasons).toEqual([]);
  expect((await round(1, new Date(Date.now() + 7 * hour))).reasons).toEqual([]);
});

test("of two runs at once, one gives way", async () => {
  await someone();
  const outcomes = await Promise.allSettled([run(), run()]);
  const failed = outcomes.filter((outcome) => outcome.status === "rejected");
  for (const { reason } of failed) expect(reason).toBeInstanceOf(ConcurrencyConflict);
  expect(failed.length).toBeLessThan(2);
});

test("rounds beside fifty writers find nothing", async () => {
  const coupon = await newCoupon(1000);
  const users = await Promise.all(Array.from({ length: 50 }, () => newUser()));
  let writing = true;
  const rounds = (async () => {
    const reasons: string[] = [];
    let ended = 0;
    // At least one round begins and ends beside the writers.
    while (writing || ended === 0) {
      const { differences, roundEnded } = await run(40, new Date(Date.now() + 7 * hour * ended));
      reasons.push(...differences.map(({ id, reason }) => `${id}: ${reason}`));
      ended += Number(roundEnded);
    }
    return reasons;
  })();
  await Promise.all(
    users.map(async (userId) => {
      await redeem(userId, coupon);
      for (let amount = 1; amount <= 5; amount++) await grant(userId, amount);
    }),
  );
  writing = false;
  expect(await rounds).toEqual([]);
});
