/** Redeeming coupons, and the list of redemptions. Covers `coupons/redemptions`. */
import { randomUUID } from "node:crypto";
import type { Item } from "../../../shared/runtime/table.ts";
import { verdict } from "../../support/answer.ts";
import { couponCalls, inDays } from "../../support/coupons.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { plantCrowd } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { contentsOf } from "../../support/table.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

const portico = Portico.forSuite();
const { accountOf, change, couponOf, newCoupon, person, redeem } = couponCalls(portico);

/** The ledger adds up, each entry follows from the previous one, and no balance is negative. */
function expectSound({ credit, movements }: Awaited<ReturnType<typeof accountOf>>): void {
  let balance = 0;
  for (const movement of movements.toReversed()) {
    balance += movement.amount as number;
    expect(movement.balance).toBe(balance);
    expect(balance).toBeGreaterThanOrEqual(0);
  }
  expect(credit).toBe(balance);
}

describe("redeeming a coupon", () => {
  test("takes the value and one unit, and records a redemption and a ledger entry", async () => {
    const { id, code } = await newCoupon({ value: 30 });
    const member = await person(100);
    const answer = await redeem(member.token, code);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^rdm_/),
      couponId: id,
      value: 30,
      creditLeft: 70,
      redeemedAt: expect.any(String),
    });
    expect(answer.headers.get("location")).toBe("/v1/users/me/redemptions");
    expect(await couponOf(id)).toMatchObject({ quantity: 5, remaining: 4, etag: '"1"' });
    const account = await accountOf(member);
    expectSound(account);
    expect(account.movements[0]).toMatchObject({ amount: -30, balance: 70, redemptionId: answer.body.id });
    const mine = await portico.call("GET", "/v1/users/me/redemptions", { token: member.token });
    expect(mine.body).toEqual({ items: [answer.body], nextCursor: null });
  });

  test("a coupon with the value 0 is also recorded in the ledger", async () => {
    const { code } = await newCoupon({ value: 0 });
    const member = await person(0);
    expect((await redeem(member.token, code)).body).toMatchObject({ value: 0, creditLeft: 0 });
    expect((await accountOf(member)).movements).toMatchObject([{ amount: 0, balance: 0 }]);
  });

  test("lists the user's redemptions, newest first", async () => {
    const coupons = [await newCoupon(), await newCoupon(), await newCoupon()];
    const { token } = await person();
    for (const { code } of coupons) await redeem(token, code);
    const pages = await allPages((cursor) =>
      portico.call("GET", `/v1/users/me/redemptions?limit=1${cursor === undefined ? "" : `&cursor=${cursor}`}`, {
        token,
      }),
    );
    expect(pages.flat().map(({ couponId }) => couponId)).toEqual(coupons.map(({ id }) => id).toReversed());
  });

  test("a replay returns the first redemption", async () => {
    const { id, code } = await newCoupon();
    const member = await person();
    const headers = { "idempotency-key": randomUUID() };
    const answers = [await redeem(member.token, code, headers), await redeem(member.token, code, headers)];
    expect(answers[1]!.body).toEqual(answers[0]!.body);
    expect(answers[1]!.headers.get("idempotency-replayed")).toBe("true");
    expect((await couponOf(id)).remaining).toBe(4);
    expect((await accountOf(member)).credit).toBe(90);
  });

  /** All refusals in order of precedence; each test removes the causes of those before its own. */
  const refusals = [
    "404 coupon_not_found",
    "409 coupon_inactive",
    "409 coupon_expired",
    "409 coupon_already_redeemed",
    "409 coupon_exhausted",
    "409 credit_insufficient",
    "201",
  ] as const;

  test.each(refusals.map((refusal, level) => [refusal, level] as const))(
    "%s takes precedence over the later refusals of the contract",
    async (refusal, level) => {
      const { id, code } = await newCoupon({ value: 60, quantity: level < 5 ? 1 : 2 });
      const [first, member] = [await person(), await person(level < 4 ? 100 : level < 6 ? 50 : 100)];
      // Redeemed by this user, or by another one so that it is exhausted.
      expect((await redeem(level < 4 ? member.token : first.token, code)).status).toBe(201);
      await change(id, { ...(level < 2 && { active: false }), ...(level < 3 && { expiresAt: inDays(-1) }) });
      const before = await contentsOf(portico.host);
      for (let again = 0; again < 3; again++) {
        expect(verdict(await redeem(member.token, level === 0 ? `${code}!` : code))).toBe(refusal);
        if (refusal === "201") return;
      }
      const kept = ({ pk }: Item) => !/^(ATTEMPTS|COUPON-PIECE)#/.test(pk as string);
      const after = await contentsOf(portico.host);
      expect(after.filter(kept)).toEqual(before.filter(kept));
    },
  );

  test(
    "a second redemption of an exhausted coupon says that it was redeemed already",
    async () => {
      const { code } = await newCoupon({ value: 0, quantity: 101 });
      const crowd = await plantCrowd(portico, 104);
      const answers = await Promise.all(crowd.map(({ token }) => redeem(token, code)));
      expect(tally(answers.map(verdict))).toEqual({ "201": 101, "409 coupon_exhausted": 3 });
      const winner = crowd[answers.findIndex(({ status }) => status === 201)]!;
      const again = await inParallel(8, () => redeem(winner.token, code));
      expect(tally(again.map(verdict))).toEqual({ "409 coupon_already_redeemed": 8 });
    },
    crowdTimeoutMs,
  );

  test("after ten wrong codes, every code is rejected for a while", async () => {
    const { code } = await newCoupon();
    const { token } = await person();
    for (let guess = 0; guess < 10; guess++) {
      expect(verdict(await redeem(token, `wrong-${guess}`))).toBe("404 coupon_not_found");
    }
    const answer = await redeem(token, code);
    expectProblem(answer, 429, "too_many_attempts");
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(verdict(await redeem((await person()).token, code))).toBe("201");
  });

  test(
    "parallel guesses do not exceed the limit",
    async () => {
      const { id, code } = await newCoupon();
      const { token } = await person();
      const answers = await inParallel(60, (index) => redeem(token, index === 59 ? code : `wrong-${index}`));
      const counts = tally(answers.map(verdict));
      expect(counts["404 coupon_not_found"]).toBe(10);
      expect(counts["429 too_many_attempts"]).toBeGreaterThanOrEqual(49);
      const redeemed = 5 - (await couponOf(id)).remaining;
      expect(counts["201"] ?? 0).toBe(redeemed);
    },
    crowdTimeoutMs,
  );

  test("a replay of a wrong guess does not count as a guess", async () => {
    const { token } = await person();
    const headers = { "idempotency-key": randomUUID() };
    for (let time = 0; time < 12; time++) {
      expect(verdict(await redeem(token, "wrong-code", headers))).toBe("404 coupon_not_found");
    }
  });
});
