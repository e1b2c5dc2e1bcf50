/** Granting credit, and the ledger of its movements. Covers `users/ledger` and `users/own-ledger`. */
import { randomUUID } from "node:crypto";
import { verdict } from "../../support/answer.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { newPerson, plantCrowd, type CrowdMember } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { contentsOf } from "../../support/table.ts";
import { crowdTimeoutMs, unknownUserId } from "../../support/values.ts";
import { checkLedger } from "../../../infra/checks/ledger.ts";

const portico = Portico.forSuite();
let admin: string;
let adminId: string;
beforeAll(async () => {
  ({ accessToken: admin, id: adminId } = await newPerson(portico, "admin"));
});

async function person(credit = 0): Promise<CrowdMember> {
  const [member] = await plantCrowd(portico, 1, credit);
  return member!;
}

const move = (userId: string, json: unknown, headers: Record<string, string> = {}) =>
  portico.call("POST", `/v1/users/${userId}/credit`, { token: admin, json, headers });
const creditOf = async (userId: string) =>
  (await portico.call("GET", `/v1/users/${userId}`, { token: admin })).body.credit as number;
const ledgerOf = async (path: string, token: string, limit = 100) => {
  const pages = await allPages((cursor) =>
    portico.call("GET", `${path}?limit=${limit}${cursor === undefined ? "" : `&cursor=${cursor}`}`, { token }),
  );
  return pages.flat();
};

describe("granting credit", () => {
  test("returns the movement and the new balance, which is the user's credit", async () => {
    const { id } = await person(20);
    const granted = await move(id, { amount: 50, reason: "Thank you" });
    expect(granted.status).toBe(201);
    expect(granted.headers.get("location")).toBe(`/v1/users/${id}/credit`);
    expect(granted.body).toEqual({
      id: expect.stringMatching(/^mov_/),
      amount: 50,
      balance: 70,
      reason: "Thank you",
      redemptionId: null,
      by: adminId,
      at: expect.any(String),
    });
    expect((await move(id, { amount: -70, reason: "Taken back" })).body.balance).toBe(0);
    expect(await creditOf(id)).toBe(0);
  });

  test("rejects a debit below zero and changes nothing", async () => {
    const { id } = await person(20);
    const before = await contentsOf(portico.host);
    expectProblem(await move(id, { amount: -21, reason: "Too much" }), 409, "credit_insufficient");
    expect(await contentsOf(portico.host)).toEqual(before);
  });

  test.each([
    ["an amount of 0", { amount: 0 }, "/amount"],
    ["an amount that is not whole", { amount: 0.5 }, "/amount"],
    ["an amount as text", { amount: "5" }, "/amount"],
    ["an amount beyond a billion", { amount: 1_000_000_001 }, "/amount"],
    ["no reason", { reason: "" }, "/reason"],
    ["a reason of 201 characters", { reason: "x".repeat(201) }, "/reason"],
    ["an unknown field", { balance: 5 }, "/balance"],
  ])("rejects %s and names the field", async (_what, fields, pointer) => {
    const { id } = await person();
    expectProblem(await move(id, { amount: 5, reason: "Test", ...fields }), 422, "validation_failed", [pointer]);
  });

  test("an unknown user is not found, and users cannot grant credit to themselves", async () => {
    const { id, token } = await person();
    expectProblem(await move(unknownUserId, { amount: 5, reason: "Test" }), 404, "not_found");
    const json = { amount: 5, reason: "Test" };
    expectProblem(await portico.call("POST", `/v1/users/${id}/credit`, { token, json }), 403, "forbidden");
    expectProblem(await portico.call("GET", `/v1/users/${id}/credit`, { token }), 403, "forbidden");
  });

  test(
    "fifty calls with one idempotency key move credit once",
    async () => {
      const { id } = await person();
      const headers = { "idempotency-key": randomUUID() };
      const answers = await inParallel(50, () => move(id, { amount: 5, reason: "Once" }, headers));
      expect(new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text)).size).toBe(1);
      expect(await creditOf(id)).toBe(5);
    },
    crowdTimeoutMs,
  );

  test(
    "fifty parallel movements all count, and no balance is negative",
    async () => {
      const { id } = await person(10);
      const answers = await inParallel(50, (index) =>
        move(id, index % 2 === 0 ? { amount: 3, reason: "Grant" } : { amount: -2, reason: "Debit" }),
      );
      const counts = tally(answers.map(verdict));
      expect(counts["201"] ?? 0).toBe(50 - (counts["409 credit_insufficient"] ?? 0));
      const debits = answers.filter(({ status, body }) => status === 201 && body.amount === -2).length;
      expect(await creditOf(id)).toBe(10 + 25 * 3 - debits * 2);
      const movements = await ledgerOf(`/v1/users/${id}/credit`, admin);
      expect(movements).toHaveLength(1 + (counts["201"] ?? 0));
    },
    crowdTimeoutMs,
  );

  test(
    "parallel movements and profile changes all take effect",
    async () => {
      const { id, token } = await person(1);
      await Promise.all([
        ...Array.from({ length: 25 }, () => move(id, { amount: 1, reason: "Grant" })),
        ...Array.from({ length: 25 }, (_, index) =>
          portico.call("PATCH", "/v1/users/me", { token, json: { name: `Name ${index}` } }),
        ),
      ]);
      const { body } = await portico.call("GET", "/v1/users/me", { token });
      expect(body).toMatchObject({ credit: 26, name: expect.stringMatching(/^Name /) });
    },
    crowdTimeoutMs,
  );
});

describe("an administrator that loses its rights while its grants are running", () => {
  test.each<[string, (id: string) => Promise<unknown>]>([
    ["a demotion", (id) => portico.callAsRoot("PATCH", `/v1/users/${id}`, { role: "user" })],
    ["a suspension", (id) => portico.callAsRoot("PATCH", `/v1/users/${id}`, { status: "suspended" })],
    ["a deletion", (id) => portico.callAsRoot("DELETE", `/v1/users/${id}`)],
  ])(
    "grants nothing after the answer to %s",
    async (_what, endRights) => {
      const administrator = await newPerson(portico, "admin");
      const people = await plantCrowd(portico, 50);
      const grants = inParallel(50, (index) =>
        portico.call("POST", `/v1/users/${people[index]!.id}/credit`, {
          token: administrator.accessToken,
          json: { amount: 1, reason: "Grant" },
        }),
      );
      await endRights(administrator.id);
      const total = async (): Promise<number> => {
        const items = await contentsOf(portico.host);
        return people.filter(({ id }) => items.some(({ pk }) => pk === `CREDIT#${id}`)).length;
      };
      const atTheAnswer = await total();
      const answers = await grants;
      expect(await total()).toBe(atTheAnswer);
      const counts = tally(answers.map(verdict));
      expect(counts["201"] ?? 0).toBe(atTheAnswer);
      expect((counts["201"] ?? 0) + (counts["401 token_revoked"] ?? 0)).toBe(50);
    },
    crowdTimeoutMs,
  );
});

describe("the ledger", () => {
  test("users and administrators see the same movements, newest first, in pages", async () => {
    const { id, token } = await person(7);
    for (const amount of [5, -3, 11]) await move(id, { amount, reason: `Moved by ${amount}` });
    const own = await ledgerOf("/v1/users/me/credit", token, 2);
    expect(own.map(({ amount, balance }) => [amount, balance])).toEqual([
      [11, 20],
      [-3, 9],
      [5, 12],
      [7, 7],
    ]);
    // Only administrators see who moved the credit.
    const [initial, ...moved] = own.toReversed();
    expect(await ledgerOf(`/v1/users/${id}/credit`, admin, 3)).toEqual([
      ...moved.toReversed().map((movement) => ({ ...movement, by: adminId })),
      { ...initial, by: null },
    ]);
  });

  test("is empty for a user without credit and not found for an unknown user", async () => {
    const { token } = await person();
    expect(await ledgerOf("/v1/users/me/credit", token)).toEqual([]);
    const path = `/v1/users/${unknownUserId}/credit`;
    expectProblem(await portico.call("GET", path, { token: admin }), 404, "not_found");
  });
});

test("every balance equals the sum of its movements after all tests of this file", async () => {
  const items = await contentsOf(portico.host);
  expect(checkLedger(items, items).faults).toEqual([]);
});
