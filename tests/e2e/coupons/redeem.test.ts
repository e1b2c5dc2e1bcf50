import { randomUUID } from "node:crypto";
import { plantCrowd, newPerson, type CrowdMember } from "../../support/people.ts";
import { verdict } from "../../support/conformance.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { contentsOf, plantItem } from "../../support/table.ts";
import { key } from "../../../shared/runtime/keys.ts";
import type { Item } from "../../../shared/runtime/table.ts";

let portico: Portico;
let admin: string;

beforeAll(async () => {
  portico = await Portico.start();
  admin = (await newPerson(portico, "admin")).accessToken;
});

afterAll(async () => {
  await portico.close();
});

const dayMs = 86_400_000;
const crowdTimeoutMs = 120_000;
const inDays = (days: number) => new Date(Date.now() + days * dayMs).toISOString();
const newCode = () => randomUUID().slice(0, 18);

interface TestCoupon {
  readonly id: string;
  readonly code: string;
  readonly body: any;
}

const asAdmin = (method: string, path: string, json?: unknown, headers: Record<string, string> = {}) =>
  portico.call(method, path, { token: admin, ...(json !== undefined && { json }), headers });

async function newCoupon(fields: Readonly<Record<string, unknown>> = {}): Promise<TestCoupon> {
  const code = newCode();
  const json = { name: "Museum", value: 10, code, quantity: 5, expiresAt: inDays(1), ...fields };
  const { status, body, text } = await asAdmin("POST", "/v1/coupons", json);
  if (status !== 201) throw new Error(`no coupon made: ${text}`);
  return { id: body.id, code: json.code, body };
}

const redeem = (token: string, code: string, headers: Record<string, string> = {}) =>
  portico.call("POST", "/v1/coupons/redeem", { token, json: { code }, headers });
const couponOf = async (id: string) => (await asAdmin("GET", `/v1/coupons/${id}`)).body;
const change = (id: string, json: unknown, headers?: Record<string, string>) =>
  asAdmin("PATCH", `/v1/coupons/${id}`, json, headers);

async function person(credit = 100): Promise<CrowdMember> {
  const [member] = await plantCrowd(portico, 1, credit);
  return member!;
}

async function accountOf({ token }: CrowdMember) {
  const self = await portico.call("GET", "/v1/users/me", { token });
  const pages = await allPages((cursor) =>
    portico.call("GET", `/v1/users/me/credit?limit=100${cursor === undefined ? "" : `&cursor=${cursor}`}`, { token }),
  );
  return { credit: self.body.credit as number, movements: pages.flat() };
}

/** The ledger's promises: it adds up, each line follows from the one before, and none is below zero. */
function expectSound({ credit, movements }: Awaited<ReturnType<typeof accountOf>>): void {
  let balance = 0;
  for (const movement of movements.toReversed()) {
    balance += movement.amount as number;
    expect(movement.balance).toBe(balance);
    expect(balance).toBeGreaterThanOrEqual(0);
  }
  expect(credit).toBe(balance);
}

describe("creating a coupon", () => {
  test("answers with all of it but the code, with everything remaining", async () => {
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

  test("keeps the code nowhere, neither in the table nor in a log", async () => {
    const { code } = await newCoupon();
    const { token } = await person();
    await redeem(token, code);
    await redeem(token, `${code}!`);
    const everything = JSON.stringify(await contentsOf(portico.host)) + portico.logs.join("");
    expect(everything).not.toContain(code);
  });

  test("with a code that another coupon has is refused, and leaves nothing", async () => {
    const { code } = await newCoupon();
    const before = (await contentsOf(portico.host)).length;
    const json = { name: "Other", value: 1, code, quantity: 1, expiresAt: inDays(1) };
    expectProblem(await asAdmin("POST", "/v1/coupons", json), 409, "coupon_code_taken");
    expect(await contentsOf(portico.host)).toHaveLength(before);
    const upper = { ...json, code: code.toUpperCase() };
    expect(verdict(await asAdmin("POST", "/v1/coupons", upper))).toBe("201");
  });

  test("at the same moment as others with the same code succeeds for exactly one", async () => {
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
    ["an expiry that is no time", { expiresAt: "tomorrow" }, "/expiresAt"],
    ["an active that is no boolean", { active: "yes" }, "/active"],
    ["an unknown field", { colour: "red" }, "/colour"],
  ])("with %s is refused by the field's name", async (_what, fields, pointer) => {
    const json = { name: "Museum", value: 10, code: newCode(), quantity: 5, expiresAt: inDays(1), ...fields };
    expectProblem(await asAdmin("POST", "/v1/coupons", json), 422, "validation_failed", [pointer]);
  });

  test("again with its idempotency key gives the first coupon", async () => {
    const json = { name: "Twice", value: 1, code: newCode(), quantity: 1, expiresAt: inDays(1) };
    const headers = { "idempotency-key": randomUUID() };
    const [first, second] = [
      await asAdmin("POST", "/v1/coupons", json, headers),
      await asAdmin("POST", "/v1/coupons", json, headers),
    ];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get("idempotency-replayed")).toBe("true");
  });

  test("is for administrators", async () => {
    const { token } = await person();
    expectProblem(await portico.call("POST", "/v1/coupons", { token, json: {} }), 403, "forbidden");
  });
});

describe("seeing coupons", () => {
  test("administrators see all of them, other users those that are switched on, newest first, page by page", async () => {
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
    const [all, active] = [await list(admin), await list(token)];
    const newest = [hidden, ...shown.toReversed()];
    expect(all.slice(0, 4).map(({ id }) => id)).toEqual(newest.map(({ id }) => id));
    expect(active.slice(0, 3).map(({ id }) => id)).toEqual(newest.slice(1).map(({ id }) => id));
    expect(active.find(({ id }) => id === shown[1]!.id)).toMatchObject({ quantity: 70, remaining: 69 });
    expect(active.map(({ id }) => id)).not.toContain(hidden.id);
  });

  test("one that is switched off does not exist for other users", async () => {
    const { id } = await newCoupon({ active: false });
    const { token } = await person();
    expectProblem(await portico.call("GET", `/v1/coupons/${id}`, { token }), 404, "not_found");
    expect((await couponOf(id)).active).toBe(false);
    await change(id, { active: true });
    expect((await portico.call("GET", `/v1/coupons/${id}`, { token })).status).toBe(200);
  });
});

describe("redeeming", () => {
  test("takes the value and one unit, and leaves a redemption and a line in the ledger", async () => {
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

  test("a coupon that costs nothing leaves its line, too", async () => {
    const { code } = await newCoupon({ value: 0 });
    const member = await person(0);
    expect((await redeem(member.token, code)).body).toMatchObject({ value: 0, creditLeft: 0 });
    expect((await accountOf(member)).movements).toMatchObject([{ amount: 0, balance: 0 }]);
  });

  test("my redemptions are listed newest first", async () => {
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

  test("again with its idempotency key gives the first redemption", async () => {
    const { id, code } = await newCoupon();
    const member = await person();
    const headers = { "idempotency-key": randomUUID() };
    const answers = [await redeem(member.token, code, headers), await redeem(member.token, code, headers)];
    expect(answers[1]!.body).toEqual(answers[0]!.body);
    expect(answers[1]!.headers.get("idempotency-replayed")).toBe("true");
    expect((await couponOf(id)).remaining).toBe(4);
    expect((await accountOf(member)).credit).toBe(90);
  });

  /** Every reason to refuse at once; each test takes away the ones before its own. */
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
    "is answered %s before what comes after it in the contract",
    async (refusal, level) => {
      const { id, code } = await newCoupon({ value: 60, quantity: level < 5 ? 1 : 2 });
      const [first, member] = [await person(), await person(level < 4 ? 100 : level < 6 ? 50 : 100)];
      // Redeemed by this user before, or by another one: then it is exhausted.
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
    "whoever has redeemed an exhausted coupon is told so, wherever the stock was",
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

  test("after ten wrong codes is refused for a while, right code or wrong", async () => {
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
    "parallel guesses do not outrun the limit",
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

  test("a repetition with the key of a wrong guess is no further guess", async () => {
    const { token } = await person();
    const headers = { "idempotency-key": randomUUID() };
    for (let time = 0; time < 12; time++) {
      expect(verdict(await redeem(token, "wrong-code", headers))).toBe("404 coupon_not_found");
    }
  });
});

describe("changing a coupon", () => {
  test("changes what is given and keeps the rest", async () => {
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

  test("nothing is cleared by null", async () => {
    const { id } = await newCoupon();
    const json = { name: null, active: null, expiresAt: null, quantity: null };
    expectProblem(await change(id, json), 422, "validation_failed", ["/name", "/active", "/expiresAt", "/quantity"]);
  });

  test("value and code cannot be changed", async () => {
    const { id } = await newCoupon();
    expectProblem(await change(id, { value: 1, code: "another" }), 422, "validation_failed", ["/value", "/code"]);
  });

  test("with the etag of an older state is refused", async () => {
    const { id } = await newCoupon();
    await change(id, { name: "Second" });
    expectProblem(await change(id, { active: false }, { "if-match": '"1"' }), 412, "precondition_failed");
    expect((await change(id, { active: false }, { "if-match": '"2"' })).body.etag).toBe('"3"');
  });

  test("the quantity is never less than what is redeemed, and a refused change leaves the stock as it was", async () => {
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
    "two changes of different fields at the same moment both hold",
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
    "once switched off, nothing is redeemed any more; what was, was before",
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
    "the quantity moves up and down under redemptions, and 0 ≤ remaining ≤ quantity at every reading",
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
    "one that was broken off is finished by whoever redeems next",
    async () => {
      const { id, code } = await newCoupon({ value: 0, quantity: 60 });
      const [item] = (await contentsOf(portico.host)).filter(({ sk }) => sk === id);
      const began = new Date(Date.now() - 10_000).toISOString();
      const { name, expiresAt } = item!;
      const pending = { name, active: true, expiresAt, quantity: 61, epoch: 2, began };
      await plantItem(portico.host, { ...item, pending });
      const pieces = (await contentsOf(portico.host)).filter(({ pk }) => pk === key.couponPiece(id, 1).pk);
      await plantItem(portico.host, { ...pieces[0], epoch: 2, closed: true });
      const crowd = await plantCrowd(portico, 62);
      const answers = await Promise.all(crowd.map(({ token }) => redeem(token, code)));
      expect(tally(answers.map(verdict))).toEqual({ "201": 61, "409 coupon_exhausted": 1 });
      expect(await couponOf(id)).toMatchObject({ quantity: 61, remaining: 0, etag: '"2"' });
    },
    crowdTimeoutMs,
  );
});
