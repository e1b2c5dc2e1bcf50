import { operations } from "../../../shared/operations.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { couponCalls } from "../../support/coupons.ts";
import { allPages } from "../../support/lists.ts";
import { partnerCalls } from "../../support/partners.ts";
import { newPerson, newUser } from "../../support/people.ts";
import { inParallel, Portico } from "../../support/portico.ts";
import { contentsOf } from "../../support/table.ts";
import { companyCalls } from "../../support/companies.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { asRoot, change, remove, renew } = partnerCalls(portico);
const { newCoupon } = couponCalls(portico);

async function trail(query: string): Promise<any[]> {
  const place = (cursor: string | undefined) => (cursor === undefined ? "" : `&cursor=${cursor}`);
  const pages = await allPages((cursor) => asRoot("GET", `/v1/audit?limit=100&${query}${place(cursor)}`));
  return pages.flat();
}

/** The records of one object, oldest first. */
const trailOf = async (target: string): Promise<any[]> => (await trail(`target=${target}`)).reverse();

describe("the declarations", () => {
  const changing = operations.filter(({ method, access }) => method !== "GET" && access !== "public");

  test("audit every operation of administrators, and of partners about themselves", () => {
    const unaudited = changing.filter(
      ({ access, audited }) =>
        access !== "public" &&
        audited !== true &&
        ((access.user !== undefined && !access.user.roles.includes("user")) ||
          access.partner?.scope === "partner:manage"),
    );
    expect(unaudited.map(({ id }) => id)).toEqual([]);
    expect(changing.filter(({ audited }) => audited === true).length).toBeGreaterThan(15);
  });
});

test("a record says who has changed what, how and from where, without the e-mail address", async () => {
  const partner = await portico.registerPartner();
  const answer = await change(partner.id, { status: "suspended", email: "new.address@partner.example" });
  const [registered, changed] = await trailOf(partner.id);
  expect(registered).toMatchObject({ operation: "partners.register", before: null, after: { name: "Blue Bicycle" } });
  expect(changed).toEqual({
    id: expect.stringMatching(/^aud_/),
    at: answer.body.updatedAt,
    operation: "partners.change",
    requestId: answer.headers.get("x-request-id"),
    actor: {
      kind: "user",
      id: expect.stringMatching(/^usr_/),
      role: "root",
      tokenId: expect.any(String),
      methods: ["pwd"],
    },
    network: "127.0.0.0/24",
    target: partner.id,
    before: { status: "active", email: "[hidden]" },
    after: { status: "suspended", email: "[hidden]" },
  });
  const records = (await contentsOf(portico.host)).filter(({ pk }) => String(pk).startsWith("AUDIT#"));
  expect(JSON.stringify(records)).not.toContain("@");
});

test("every change has one record, and a no-op and a refused change have none", async () => {
  const partner = await portico.partnerWithToken();
  await change(partner.id, { name: "Red Bicycle" });
  await change(partner.id, { name: "Red Bicycle" });
  expectProblem(await change(partner.id, { name: "" }), 422, "validation_failed");
  await renew(partner.id);
  await call("POST", `/v1/partners/${partner.id}/revoke-tokens`, { token: await portico.rootToken() });
  const token = await portico.partnerToken({ ...partner, secret: (await renew(partner.id)).body.clientSecret });
  await call("PATCH", `/v1/partners/${partner.id}`, { token, json: { expiryNotice: "P3D" } });
  const records = await trailOf(partner.id);
  expect(records.map(({ operation }) => operation).sort()).toEqual(
    ["register", "change", "new-secret", "revoke-tokens", "new-secret", "change"]
      .map((name) => `partners.${name}`)
      .sort(),
  );
  expect(records.find(({ after }) => after?.expiryNotice === "P3D")).toMatchObject({
    actor: { kind: "partner", id: partner.id, role: null, methods: ["client_secret"] },
    before: { expiryNotice: "P7D" },
  });
});

test("off-boarding and deletion are recorded with what they do", async () => {
  const { id, token } = await portico.partnerWithToken();
  await subscriptionCalls(portico).create(token);
  await companyCalls(portico).create(token);
  for (let count = 0; count < 2; count++) await asRoot("POST", `/v1/partners/${id}/off-board`);
  expect((await remove(id)).status).toBe(204);
  const records = (await trailOf(id)).map(({ operation, before, after }) => [operation, before, after]);
  expect([records[0], records[3]]).toEqual([
    ["partners.register", null, expect.any(Object)],
    ["partners.delete", expect.objectContaining({ status: "suspended" }), null],
  ]);
  // The two records of one request have no order.
  expect(records.slice(1, 3)).toEqual(
    expect.arrayContaining([
      ["partners.off-board", { status: "active" }, { status: "suspended" }],
      ["partners.off-board", null, { subscriptionsCancelled: 1, companiesDeleted: 1 }],
    ]),
  );
});

test("changes of people, credit and coupons are recorded without names, passwords and codes", async () => {
  const user = await newUser(portico);
  await asRoot("POST", `/v1/users/${user.id}/credit`, { amount: 5, reason: "for Ada" });
  await asRoot("PATCH", `/v1/users/${user.id}`, { role: "admin" });
  await asRoot("POST", `/v1/users/${user.id}/unlock-sign-in`);
  await asRoot("DELETE", `/v1/users/${user.id}/sessions`);
  await asRoot("POST", `/v1/users/${user.id}/reset-second-factor`);
  await asRoot("DELETE", `/v1/users/${user.id}`);
  const records = await trailOf(user.id);
  const operationsOf = records.map(({ operation }) => operation);
  for (const name of [
    "create",
    "grant-credit",
    "change",
    "unlock-sign-in",
    "end-sessions",
    "reset-second-factor",
    "delete",
  ]) {
    expect(operationsOf).toContain(`users.${name}`);
  }
  const granted = records.find(({ operation }) => operation === "users.grant-credit");
  expect(granted.after.credit - granted.before.credit).toBe(5);
  expect(records.find(({ after }) => after?.role === "admin")?.before).toEqual({ role: "user" });
  const coupon = await newCoupon({ value: 7 });
  await asRoot("PATCH", `/v1/coupons/${coupon.id}`, { quantity: 900 });
  await asRoot("PATCH", `/v1/coupons/${coupon.id}`, { name: "Renamed" });
  const changes = (await trailOf(coupon.id)).slice(1);
  expect(changes.map(({ after }) => after)).toEqual([{ quantity: 900 }, { name: "Renamed" }]);
  const shown = JSON.stringify([...records, ...(await trailOf(coupon.id))]);
  for (const secret of [user.username, user.password, coupon.code, "Ada"]) expect(shown).not.toContain(secret);
});

describe("the list", () => {
  test("is filtered by actor, operation and time, and has every record once at any size of its pages", async () => {
    const partner = await portico.partnerWithToken();
    for (let count = 0; count < 6; count++) {
      await call("PATCH", `/v1/partners/${partner.id}`, {
        token: partner.token,
        json: { expiryNotice: `P${count + 1}D` },
      });
    }
    const own = await trail(`actor=${partner.id}`);
    expect(own).toHaveLength(6);
    expect(own.map(({ id }) => id)).toEqual(
      own
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
    for (const limit of [1, 4]) {
      const pages = await allPages((cursor) =>
        asRoot("GET", `/v1/audit?actor=${partner.id}&limit=${limit}${cursor === undefined ? "" : `&cursor=${cursor}`}`),
      );
      expect(pages.flat()).toEqual(own);
    }
    expect(await trail(`target=${partner.id}&operation=partners.register`)).toHaveLength(1);
    expect(await trail(`target=${partner.id}&actor=${partner.id}`)).toEqual(own);
    const { at } = own[2];
    expect((await trail(`actor=${partner.id}&from=${at}`)).at(-1)?.at).toBe(at);
    expect((await trail(`actor=${partner.id}&before=${at}`)).every((record) => record.at < at)).toBe(true);
    const all = await trail("");
    expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(own.map(({ id }) => id)));
  });

  test("is for administrators only", async () => {
    const person = await newPerson(portico);
    const { token } = await portico.partnerWithToken();
    for (const each of [person.accessToken, token]) {
      expectProblem(await call("GET", "/v1/audit", { token: each }), 403, "forbidden");
    }
    expectProblem(await asRoot("GET", "/v1/audit?actor=nobody"), 422, "validation_failed");
  });
});

test("among fifty changes in parallel, each acknowledged change has its record and each record its change", async () => {
  const { id } = await portico.registerPartner();
  const answers = await inParallel(50, (index) => change(id, { name: `name ${index % 10}` }));
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  const { body } = await asRoot("GET", `/v1/partners/${id}`);
  const records = (await trailOf(id)).filter(({ operation }) => operation === "partners.change");
  // The entity tag counts the changes; a no-op has none.
  expect(records).toHaveLength(Number(body.etag.replaceAll('"', "")) - 1);
});
