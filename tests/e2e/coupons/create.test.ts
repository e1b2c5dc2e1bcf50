import { randomUUID } from "node:crypto";
import { verdict } from "../../support/answer.ts";
import { couponCalls, inDays, newCode } from "../../support/coupons.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { contentsOf } from "../../support/table.ts";

const portico = Portico.forSuite();
const { asAdmin, couponOf, newCoupon, person, redeem } = couponCalls(portico);

describe("creating a coupon", () => {
  test("returns the coupon without its code, with the full quantity remaining", async () => {
    const expiresAt = inDays(30);
    const code = newCode();
    const json = { name: "Museum", value: 40, code, quantity: 500, expiresAt };
    const answer = await asAdmin("POST", "/v1/coupons", json);
    expect(answer.status).toBe(201);
    const { id, createdAt, ...rest } = answer.body;
    expect(rest).toEqual({
      name: "Museum",
      value: 40,
      quantity: 500,
      remaining: 500,
      active: true,
      expiresAt,
      updatedAt: createdAt,
      etag: '"1"',
    });
    expect(answer.headers.get("location")).toBe(`/v1/coupons/${id}`);
    expect(answer.text).not.toContain(code);
    expect(await couponOf(id)).toEqual(answer.body);
  });

  test("stores the code neither in the table nor in a log", async () => {
    const { code } = await newCoupon();
    const { token } = await person();
    await redeem(token, code);
    await redeem(token, `${code}!`);
    const everything = JSON.stringify(await contentsOf(portico.host)) + portico.logs.join("");
    expect(everything).not.toContain(code);
  });

  test("rejects another coupon's code and stores nothing", async () => {
    const { code } = await newCoupon();
    const before = (await contentsOf(portico.host)).length;
    const json = { name: "Other", value: 1, code, quantity: 1, expiresAt: inDays(1) };
    expectProblem(await asAdmin("POST", "/v1/coupons", json), 409, "coupon_code_taken");
    expect(await contentsOf(portico.host)).toHaveLength(before);
    const upper = { ...json, code: code.toUpperCase() };
    expect(verdict(await asAdmin("POST", "/v1/coupons", upper))).toBe("201");
  });

  test("of fifty parallel creations with one code, one succeeds", async () => {
    const json = { name: "Race", value: 1, code: newCode(), quantity: 1, expiresAt: inDays(1) };
    const answers = await inParallel(50, () => asAdmin("POST", "/v1/coupons", json));
    expect(tally(answers.map(verdict))).toEqual({ "201": 1, "409 coupon_code_taken": 49 });
  });

  test.each([
    ["no name", { name: "" }, "/name"],
    ["a name of 81 characters", { name: "x".repeat(81) }, "/name"],
    ["a negative value", { value: -1 }, "/value"],
    ["a value that is not whole", { value: 1.5 }, "/value"],
    ["a code of 3 characters", { code: "abc" }, "/code"],
    ["a code of 26 characters", { code: "x".repeat(26) }, "/code"],
    ["a quantity of 0", { quantity: 0 }, "/quantity"],
    ["a quantity of a million and one", { quantity: 1_000_001 }, "/quantity"],
    ["an expiry that is not a time", { expiresAt: "tomorrow" }, "/expiresAt"],
    ["an active that is not a boolean", { active: "yes" }, "/active"],
    ["an unknown field", { colour: "red" }, "/colour"],
  ])("rejects %s and names the field", async (_what, fields, pointer) => {
    const json = { name: "Museum", value: 10, code: newCode(), quantity: 5, expiresAt: inDays(1), ...fields };
    expectProblem(await asAdmin("POST", "/v1/coupons", json), 422, "validation_failed", [pointer]);
  });

  test("a replay returns the first coupon", async () => {
    const json = { name: "Twice", value: 1, code: newCode(), quantity: 1, expiresAt: inDays(1) };
    const headers = { "idempotency-key": randomUUID() };
    const [first, second] = [
      await asAdmin("POST", "/v1/coupons", json, headers),
      await asAdmin("POST", "/v1/coupons", json, headers),
    ];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get("idempotency-replayed")).toBe("true");
  });

  test("only administrators can create coupons", async () => {
    const { token } = await person();
    expectProblem(await portico.call("POST", "/v1/coupons", { token, json: {} }), 403, "forbidden");
  });
});
