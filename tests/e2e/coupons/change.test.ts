import { couponKey } from "../../../shared/coupons/keys.ts";
import { verdict } from "../../support/answer.ts";
import { couponCalls, inDays } from "../../support/coupons.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { plantCrowd } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { contentsOf, plantItem } from "../../support/table.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

const portico = Portico.forSuite();
const { change, couponOf, newCoupon, redeem } = couponCalls(portico);

describe("changing a coupon", () => {
  test("changes the given fields and keeps the others", async () => {
    const { id, body } = await newCoupon({ quantity: 120 });
    const expiresAt = inDays(9);
    const answer = await change(id, { name: "Zoo", expiresAt, quantity: 90 });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      ...body,
      name: "Zoo",
      expiresAt,
      quantity: 90,
      remaining: 90,
      updatedAt: expect.any(String),
      etag: '"2"',
    });
    expect((await change(id, { name: "Zoo" })).body).toEqual(answer.body);
    expect((await change(id, {})).body).toEqual(answer.body);
  });

  test("rejects null for every field", async () => {
    const { id } = await newCoupon();
    const json = { name: null, active: null, expiresAt: null, quantity: null };
    expectProblem(await change(id, json), 422, "validation_failed", ["/name", "/active", "/expiresAt", "/quantity"]);
  });

  test("rejects a change of value or code", async () => {
    const { id } = await newCoupon();
    expectProblem(await change(id, { value: 1, code: "another" }), 422, "validation_failed", ["/value", "/code"]);
  });

  test("rejects a stale If-Match", async () => {
    const { id } = await newCoupon();
    await change(id, { name: "Second" });
    expectProblem(await change(id, { active: false }, { "if-match": '"1"' }), 412, "precondition_failed");
    expect((await change(id, { active: false }, { "if-match": '"2"' })).body.etag).toBe('"3"');
  });

  test("rejects a quantity below the number of redemptions and keeps the stock", async () => {
    const { id, code } = await newCoupon({ value: 0, quantity: 60 });
    const crowd = await plantCrowd(portico, 5);
    for (const { token } of crowd.slice(0, 3)) await redeem(token, code);
    const refused = await change(id, { quantity: 2 });
    expectProblem(refused, 409, "coupon_quantity_too_low", ["/quantity"]);
    expect(await couponOf(id)).toMatchObject({ quantity: 60, remaining: 57, etag: '"1"' });
    expect((await change(id, { quantity: 4 })).body).toMatchObject({ quantity: 4, remaining: 1 });
    const late = [await redeem(crowd[3]!.token, code), await redeem(crowd[4]!.token, code)];
    expect(late.map(verdict)).toEqual(["201", "409 coupon_exhausted"]);
    expect((await change(id, { quantity: 200 })).body).toMatchObject({ quantity: 200, remaining: 196 });
    expect(verdict(await redeem(crowd[4]!.token, code))).toBe("201");
  });

  test(
    "parallel changes of different fields all take effect",
    async () => {
      const { id } = await newCoupon();
      const answers = await inParallel(50, (index) =>
        index === 0
          ? change(id, { quantity: 77 })
          : index === 1
            ? change(id, { active: false })
            : change(id, { name: "N" }),
      );
      expect(tally(answers.map(verdict))).toEqual({ "200": 50 });
      expect(await couponOf(id)).toMatchObject({ name: "N", quantity: 77, active: false });
    },
    crowdTimeoutMs,
  );

  test(
    "no redemption succeeds after the deactivation was confirmed",
    async () => {
      const { id, code } = await newCoupon({ value: 0, quantity: 200 });
      const crowd = await plantCrowd(portico, 60);
      let answered = false;
      const [off, ...answers] = await Promise.all([
        change(id, { active: false }).then((answer) => {
          answered = true;
          return answer;
        }),
        ...crowd.map(async ({ token }) => {
          const late = answered;
          return { late, verdict: verdict(await redeem(token, code)) };
        }),
      ]);
      expect(off.status).toBe(200);
      const counts = tally(answers.map((answer) => answer.verdict));
      expect((counts["201"] ?? 0) + (counts["409 coupon_inactive"] ?? 0)).toBe(60);
      expect(answers.filter((answer) => answer.late && answer.verdict === "201")).toEqual([]);
      expect(200 - (await couponOf(id)).remaining).toBe(counts["201"] ?? 0);
    },
    crowdTimeoutMs,
  );

  test(
    "while the quantity changes under redemptions, every read shows 0 ≤ remaining ≤ quantity",
    async () => {
      const { id, code } = await newCoupon({ value: 0, quantity: 100 });
      const crowd = await plantCrowd(portico, 60);
      const seen: { quantity: number; remaining: number }[] = [];
      const wanted = [20, 300, 61, 5, 1000, 70];
      const answers = await Promise.all([
        ...crowd.map(({ token }) => redeem(token, code)),
        (async () => {
          for (const quantity of wanted) {
            const answer = await change(id, { quantity });
            expect(["200", "409 coupon_quantity_too_low"]).toContain(verdict(answer));
            seen.push(await couponOf(id));
          }
        })(),
      ]);
      const redeemed = answers.filter((answer) => answer?.status === 201).length;
      for (const { quantity, remaining } of seen) {
        expect(remaining).toBeGreaterThanOrEqual(0);
        expect(remaining).toBeLessThanOrEqual(quantity);
      }
      const after = await couponOf(id);
      expect(after.quantity - after.remaining).toBe(redeemed);
      const refused = answers.filter((answer) => answer !== undefined && answer.status !== 201);
      expect(refused.map((answer) => verdict(answer!)).every((said) => said === "409 coupon_exhausted")).toBe(true);
    },
    crowdTimeoutMs,
  );

  test(
    "the next redemption finishes an interrupted change of the quantity",
    async () => {
      const { id, code } = await newCoupon({ value: 0, quantity: 60 });
      const [item] = (await contentsOf(portico.host, "COUPONS")).filter(({ sk }) => sk === id);
      const began = new Date(Date.now() - 10_000).toISOString();
      const { name, expiresAt } = item!;
      const pending = { name, active: true, expiresAt, quantity: 61, epoch: 2, began };
      await plantItem(portico.host, { ...item, pending });
      const pieces = await contentsOf(portico.host, couponKey.couponPiece(id, 1).pk);
      await plantItem(portico.host, { ...pieces[0], epoch: 2, closed: true });
      const crowd = await plantCrowd(portico, 62);
      const answers = await Promise.all(crowd.map(({ token }) => redeem(token, code)));
      expect(tally(answers.map(verdict))).toEqual({ "201": 61, "409 coupon_exhausted": 1 });
      expect(await couponOf(id)).toMatchObject({ quantity: 61, remaining: 0, etag: '"2"' });
    },
    crowdTimeoutMs,
  );
});
