/** Listing, finding and reading coupons. Covers `coupons/read`. */
import { randomUUID } from "node:crypto";
import { searchForm } from "../../../shared/runtime/search.ts";
import { couponCalls } from "../../support/coupons.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { inParallel, Portico } from "../../support/portico.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

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

describe("finding coupons", () => {
  const listed = async (token: string, query: Readonly<Record<string, string>>): Promise<readonly any[]> => {
    const pages = await allPages((cursor) => {
      const parameters = new URLSearchParams({ ...query, ...(cursor !== undefined && { cursor }) });
      return portico.call("GET", `/v1/coupons?${parameters.toString()}`, { token });
    });
    return pages.flat();
  };
  const find = async (query: Readonly<Record<string, string>>, token?: string) =>
    (await listed(token ?? (await adminToken()), query)).map(({ id }) => id as string);
  const unique = () => randomUUID().slice(0, 8);

  test("finds coupons by the beginning of name and id, in any case and page size, and never by code", async () => {
    const mark = unique();
    const [zoo, aquarium] = [await newCoupon({ name: `${mark} Zoo` }), await newCoupon({ name: `${mark} Áquarium` })];
    const { token } = await person();
    for (const limit of ["1", "100"]) {
      expect(await find({ search: mark.toUpperCase(), limit })).toEqual([aquarium.id, zoo.id]);
      expect(await find({ search: `${mark} AQUA`, limit }, token)).toEqual([aquarium.id]);
      expect(await find({ search: zoo.id, limit })).toEqual([zoo.id]);
      expect(await find({ search: zoo.id, limit }, token)).toEqual([zoo.id]);
    }
    expect(await listed(token, { search: `${mark} zoo` })).toEqual([await couponOf(zoo.id)]);
    expect(await find({ search: zoo.code })).toEqual([]);
  });

  test("users do not find inactive coupons, which administrators do", async () => {
    const mark = unique();
    const hidden = await newCoupon({ name: `${mark} a`, active: false });
    const shown = await newCoupon({ name: `${mark} b` });
    const { token } = await person();
    for (const limit of ["1", "100"]) {
      expect(await find({ search: mark, limit }, token)).toEqual([shown.id]);
      expect(await find({ search: mark, limit })).toEqual([hidden.id, shown.id]);
    }
    expect(await find({ search: hidden.id }, token)).toEqual([]);
    expect(await find({ sort: "name" }, token)).not.toContain(hidden.id);
    await change(hidden.id, { active: true });
    expect(await find({ search: mark }, token)).toEqual([hidden.id, shown.id]);
  });

  test("follows a new name, with and without a change of terms, and keeps its place under redemptions", async () => {
    const [before, between, after] = [unique(), unique(), unique()];
    const { id, code } = await newCoupon({ name: before });
    await change(id, { name: between });
    expect(await find({ search: between })).toEqual([id]);
    await change(id, { name: after, quantity: 7 });
    expect(await find({ search: after })).toEqual([id]);
    expect(await find({ search: before })).toEqual([]);
    const { token } = await person();
    expect((await redeem(token, code)).status).toBe(201);
    expect(await listed(token, { search: after })).toMatchObject([{ id, remaining: 6 }]);
  });

  test("sorts all coupons by name, for any page size", async () => {
    await newCoupon({ name: "Zoo" });
    await newCoupon({ name: "aquarium" });
    const [one, other] = [await find({ sort: "name", limit: "3" }), await find({ sort: "name", limit: "100" })];
    expect(one).toEqual(other);
    expect(new Set(one)).toEqual(new Set(await find({ limit: "100" })));
    const names = (await listed(await adminToken(), { sort: "name" })).map(({ name }) => searchForm(name));
    expect(names).toEqual(names.toSorted());
  });

  test("rejects a sorted search, and a cursor of another search", async () => {
    const token = await adminToken();
    const mark = unique();
    await newCoupon({ name: mark });
    await newCoupon({ name: mark });
    const call = async (query: string) => await portico.call("GET", `/v1/coupons?${query}`, { token });
    expectProblem(await call("search=a&sort=name"), 422, "validation_failed", ["/sort"]);
    expectProblem(await call("search="), 422, "validation_failed", ["/search"]);
    expectProblem(await call("sort=value"), 422, "validation_failed", ["/sort"]);
    const { nextCursor } = (await call(`search=${mark}&limit=1`)).body;
    expect((await call(`search=${mark}&cursor=${nextCursor}`)).body.items).toHaveLength(1);
    expectProblem(await call(`search=zoo&cursor=${nextCursor}`), 400, "cursor_invalid");
    expectProblem(await call(`cursor=${nextCursor}`), 400, "cursor_invalid");
  });

  test(
    "of 50 changes of a name at the same time, the search finds the last one alone",
    async () => {
      const mark = unique();
      const { id } = await newCoupon({ name: `${mark} first` });
      const answers = await inParallel(50, (index) => change(id, { name: `${mark} ${index}` }));
      for (const { status } of answers) expect([200, 503]).toContain(status);
      expect(answers.some(({ status }) => status === 200)).toBe(true);
      const { name } = await couponOf(id);
      expect(await listed(await adminToken(), { search: mark })).toMatchObject([{ id, name }]);
      expect(await find({ search: name })).toEqual([id]);
    },
    crowdTimeoutMs,
  );
});
