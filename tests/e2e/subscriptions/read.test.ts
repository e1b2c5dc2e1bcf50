/** Reading subscriptions, the ids by which they are read, and who may see them. */
import { pointersOf, verdict } from "../../support/answer.ts";
import { Portico } from "../../support/portico.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { eventually } from "../../support/waiting.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { cancel, create, createExpired, extend, history, read } = subscriptionCalls(portico);

describe("reading a subscription", () => {
  test("the status is computed at the time of reading", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token, {}, { user: "active" });
    await create(token, { startsAt: "2096-01-01T00:00:00Z" }, { user: "scheduled" });
    await create(token, {}, { user: "cancelled" });
    await cancel(token, { user: "cancelled" });
    await createExpired(token, "expired");
    for (const status of ["active", "scheduled", "cancelled", "expired"]) {
      expect((await read(token, status)).body.status).toBe(status);
    }
  });

  test("a scheduled subscription becomes active without a call", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await create(token, { startsAt: new Date(Date.now() + 1500).toISOString() });
    const later = await eventually(
      () => read(token),
      (answer) => answer.body.status === "active",
    );
    expect(later.body).toEqual({ ...body, status: "active" });
  });

  test("reading, cancelling and history return 404 for an unknown subscription", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = [
      await read(token),
      await cancel(token),
      await call("GET", "/v1/subscriptions/u1/history", { token }),
    ];
    expect(answers.map(verdict)).toEqual(Array(3).fill("404 not_found"));
  });
});

describe("external user ids", () => {
  test.each([
    "a",
    "A.b_c~d:e@f-g",
    "::@@~~",
    "user@example.com",
    "urn:uuid:5",
    "0",
    "constructor",
    "__proto__",
    "me",
    "history",
    "x".repeat(128),
  ])("%s works in a path both plain and percent-encoded", async (user) => {
    const { token } = await portico.partnerWithToken();
    const { status, headers, body } = await create(token, { userEmail: "u@example.com" }, { user });
    expect(status).toBe(201);
    const location = headers.get("location") ?? "";
    const escaped = [...user].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join("");
    for (const path of [location, `/v1/subscriptions/${encodeURIComponent(user)}`, `/v1/subscriptions/${escaped}`]) {
      expect((await call("GET", path, { token })).body).toEqual(body);
    }
    expect((await extend(token, {}, { user })).status).toBe(200);
    expect(await history(token, user)).toHaveLength(2);
    expect((await cancel(token, { user })).status).toBe(204);
  });

  test.each(["", " ", "a b", "a/b", "ä", "a%20b", "a+b", "a,b", "a\n", "ａ", "x".repeat(129)])(
    "rejects %j as an external user id",
    async (externalUserId) => {
      const { token } = await portico.partnerWithToken();
      const answer = await create(token, { externalUserId });
      expect(verdict(answer)).toBe("422 validation_failed");
      expect(pointersOf(answer)).toEqual(["/externalUserId"]);
    },
  );

  test("ids are case-sensitive", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token, {}, { user: "ada" });
    expect((await read(token, "ADA")).status).toBe(404);
    expect((await create(token, {}, { user: "ADA" })).status).toBe(201);
  });
});

describe("access", () => {
  test("another partner's subscription returns 404 and stays unchanged", async () => {
    const [owner, other] = [await portico.partnerWithToken(), await portico.partnerWithToken()];
    const { body } = await create(owner.token);
    const foreign = [
      await read(other.token),
      await extend(other.token),
      await cancel(other.token),
      await call("GET", "/v1/subscriptions/u1/history", { token: other.token }),
    ];
    const unknown = await read(other.token, "nobody");
    for (const answer of foreign) {
      expect(verdict(answer)).toBe("404 not_found");
      expect(answer.body.detail).toBe(unknown.body.detail);
    }
    expect((await call("GET", "/v1/subscriptions", { token: other.token })).body.items).toEqual([]);
    expect((await read(owner.token)).body).toEqual(body);
  });

  test("each operation requires its scope", async () => {
    const partner = await portico.registerPartner();
    const writing = await portico.partnerToken(partner, "subscriptions:write");
    expect((await create(writing)).status).toBe(201);
    expect(verdict(await read(writing))).toBe("403 insufficient_scope");
    expect(verdict(await call("GET", "/v1/subscriptions", { token: writing }))).toBe("403 insufficient_scope");
    const reading = await portico.partnerToken(partner, "subscriptions:read");
    expect((await read(reading)).status).toBe(200);
    expect(await history(reading)).toHaveLength(1);
    const refused = [await create(reading, {}, { user: "u2" }), await extend(reading), await cancel(reading)];
    expect(refused.map(verdict)).toEqual(Array(3).fill("403 insufficient_scope"));
    const neither = await portico.partnerToken(partner, "companies:read companies:write");
    expect(verdict(await read(neither))).toBe("403 insufficient_scope");
    expect(verdict(await extend(neither))).toBe("403 insufficient_scope");
  });

  test("an administrator cannot call the operations of partners", async () => {
    const token = await portico.rootToken();
    expect(verdict(await create(token))).toBe("403 forbidden");
    expect(verdict(await call("GET", "/v1/subscriptions", { token }))).toBe("403 forbidden");
  });
});
