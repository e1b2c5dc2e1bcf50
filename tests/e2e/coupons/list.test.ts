/** Listing and reading coupons. Covers `coupons/read`. */
import { couponCalls } from "../../support/coupons.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();
const { adminToken, change, couponOf, newCoupon, person, redeem } = couponCalls(portico);

describe("listing and reading coupons", () => {
  test("administrators see all coupons and users the active ones, newest first, in pages", async () => {
    const shown = [await newCoupon(), await newCoupon({ quantity: 70 }), await newCoupon()];
    const hidden = await newCoupon({ active: false });
    const { token } = await person();
    await redeem(token, shown[1]!.code);
    const list = async (caller: string) => {
      const pages = await allPages((cursor) =>
        portico.call("GET", `/v1/coupons?limit=2${cursor === undefined ? "" : `&cursor=${cursor}`}`, { token: caller }),
      );
      expect(pages.every(({ length }) => length <= 2)).toBe(true);
      return pages.flat();
    };
    const [all, active] = [await list(await adminToken()), await list(token)];
    const newest = [hidden, ...shown.toReversed()];
    expect(all.slice(0, 4).map(({ id }) => id)).toEqual(newest.map(({ id }) => id));
    expect(active.slice(0, 3).map(({ id }) => id)).toEqual(newest.slice(1).map(({ id }) => id));
    expect(active.find(({ id }) => id === shown[1]!.id)).toMatchObject({ quantity: 70, remaining: 69 });
    expect(active.map(({ id }) => id)).not.toContain(hidden.id);
  });

  test("an inactive coupon returns 404 to users", async () => {
    const { id } = await newCoupon({ active: false });
    const { token } = await person();
    expectProblem(await portico.call("GET", `/v1/coupons/${id}`, { token }), 404, "not_found");
    expect((await couponOf(id)).active).toBe(false);
    await change(id, { active: true });
    expect((await portico.call("GET", `/v1/coupons/${id}`, { token })).status).toBe(200);
  });
});
