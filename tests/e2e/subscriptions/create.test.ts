import { pointersOf, verdict } from "../../support/answer.ts";
import { expectOneEffect, keyed } from "../../support/idempotency.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { subscriptionCalls, termOf } from "../../support/subscriptions.ts";
import { dayMs, instant } from "../../support/values.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { cancel, create, createExpired, extend, history, read } = subscriptionCalls(portico);

describe("creating a subscription", () => {
  test("by default a subscription starts now and ends one duration later", async () => {
    const { token } = await portico.partnerWithToken();
    const { status, headers, body } = await create(token, { duration: "P7D" });
    expect(status).toBe(201);
    expect(headers.get("location")).toBe("/v1/subscriptions/u1");
    expect(body).toMatchObject({
      externalUserId: "u1",
      userEmail: "u1@example.com",
      duration: "P7D",
      status: "active",
      etag: '"1"',
    });
    expect(body.startsAt).toBe(body.createdAt);
    expect(body.updatedAt).toBe(body.createdAt);
    expect(Date.parse(body.expiresAt) - Date.parse(body.startsAt)).toBe(7 * dayMs);
    expect((await read(token)).body).toEqual(body);
  });

  test.each([
    ["P1M", "2096-01-31T10:00:00Z", "2096-02-29T10:00:00.000Z"],
    ["P1M", "2097-01-31T10:00:00Z", "2097-02-28T10:00:00.000Z"],
    ["P1M", "2100-01-31T10:00:00Z", "2100-02-28T10:00:00.000Z"],
    ["P3M", "2096-11-30T23:59:59.999Z", "2097-02-28T23:59:59.999Z"],
    ["P1Y", "2096-02-29T00:00:00Z", "2097-02-28T00:00:00.000Z"],
    ["P4Y", "2092-02-29T00:00:00Z", "2096-02-29T00:00:00.000Z"],
    ["P2W", "2096-02-20T00:00:00Z", "2096-03-05T00:00:00.000Z"],
    ["P1D", "2096-02-28T12:00:00Z", "2096-02-29T12:00:00.000Z"],
  ])("%s from %s ends at %s", async (duration, startsAt, expiresAt) => {
    const { token } = await portico.partnerWithToken();
    const { status, body } = await create(token, { duration, startsAt });
    expect(status).toBe(201);
    expect(body).toMatchObject({ startsAt: new Date(startsAt).toISOString(), expiresAt, status: "scheduled" });
  });

  test.each([
    ["P1M", "2097-03-31T10:00:00Z", "2097-02-28T10:00:00.000Z"],
    ["P1M", "2096-03-31T10:00:00Z", "2096-02-29T10:00:00.000Z"],
    ["P1Y", "2096-02-29T10:00:00Z", "2095-02-28T10:00:00.000Z"],
    ["P1W", "2096-03-01T10:00:00Z", "2096-02-23T10:00:00.000Z"],
  ])("with an end but no start, %s until %s starts at %s", async (duration, expiresAt, startsAt) => {
    const { token } = await portico.partnerWithToken();
    const { status, body } = await create(token, { duration, expiresAt });
    expect(status).toBe(201);
    expect(body).toMatchObject({ startsAt, expiresAt: new Date(expiresAt).toISOString(), status: "scheduled" });
  });

  test("rejects a start together with an end", async () => {
    const { token } = await portico.partnerWithToken();
    const answer = await create(token, { startsAt: "2096-01-01T00:00:00Z", expiresAt: "2096-02-01T00:00:00Z" });
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual(["/expiresAt"]);
    expect((await read(token)).status).toBe(404);
  });

  test.each([
    ["an end in the past", { expiresAt: "2001-01-01T00:00:00Z" }, "/expiresAt"],
    ["a start whose duration is over", { startsAt: "2001-01-01T00:00:00Z" }, "/duration"],
    ["an end after the year 9999", { startsAt: "9999-12-31T00:00:00Z" }, "/duration"],
  ])("rejects %s and creates nothing", async (_what, fields, pointer) => {
    const { token } = await portico.partnerWithToken();
    const answer = await create(token, fields);
    expect(verdict(answer)).toBe("422 period_invalid");
    expect(pointersOf(answer)).toEqual([pointer]);
    expect((await read(token)).status).toBe(404);
    expect((await call("GET", "/v1/subscriptions/u1/history", { token })).status).toBe(404);
  });

  test("accepts a start in the past if the end is in the future", async () => {
    const { token } = await portico.partnerWithToken();
    const startsAt = new Date(Date.now() - 3 * dayMs).toISOString();
    const { status, body } = await create(token, { startsAt, duration: "P1W" });
    expect(status).toBe(201);
    expect(body).toMatchObject({ startsAt, status: "active" });
    expect(Date.parse(body.expiresAt)).toBe(Date.parse(startsAt) + 7 * dayMs);
  });

  test.each([
    "",
    "P0D",
    "P-1D",
    "+P1D",
    "1D",
    "P1",
    "P1.5M",
    "P1M1D",
    "PT1H",
    "P1H",
    "p1m",
    " P1M",
    "P01M",
    "P11Y",
    "P121M",
    "P3653D",
    "P522W",
    "P99999Y",
  ])("rejects the duration %j, which is not 1 day to 10 years in one unit", async (duration) => {
    const { token } = await portico.partnerWithToken();
    const answer = await create(token, { duration });
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual(["/duration"]);
  });

  test.each([
    ["2096-01-01T02:30:00+02:30", "2096-01-01T00:00:00.000Z"],
    ["2095-12-31T16:00:00.5-08:00", "2096-01-01T00:00:00.500Z"],
    ["2096-01-01t00:00:00.123456z", "2096-01-01T00:00:00.123Z"],
    ["2096-01-01T00:00:00-00:00", "2096-01-01T00:00:00.000Z"],
  ])("accepts a time with any offset (%s) and returns it in UTC with milliseconds", async (startsAt, inUtc) => {
    const { token } = await portico.partnerWithToken();
    const { status, body } = await create(token, { startsAt });
    expect(status).toBe(201);
    expect(body.startsAt).toBe(inUtc);
    for (const moment of [body.startsAt, body.expiresAt, body.createdAt, body.updatedAt])
      expect(moment).toMatch(instant);
  });

  test.each([
    "2096-02-30T00:00:00Z",
    "2097-02-29T00:00:00Z",
    "2096-13-01T00:00:00Z",
    "2096-01-01T24:00:00Z",
    "2096-01-01T00:00:00",
    "2096-01-01",
    "2096-01-01 00:00:00Z",
    "2096-01-01T00:00:00+24:00",
    "+012096-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "now",
    "",
  ])("rejects %j, which is not an RFC 3339 time", async (startsAt) => {
    const { token } = await portico.partnerWithToken();
    const answer = await create(token, { startsAt });
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual(["/startsAt"]);
  });

  test("rejects a second live subscription of a user and keeps the first unchanged", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await create(token);
    const answer = await create(token, { userEmail: "other@example.com", duration: "P1Y" });
    expect(verdict(answer)).toBe("409 subscription_exists");
    expect((await read(token)).body).toEqual(body);
    expect(await history(token)).toHaveLength(1);
  });

  test("a scheduled subscription counts as live", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token, { startsAt: "2096-01-01T00:00:00Z" });
    expect(verdict(await create(token))).toBe("409 subscription_exists");
  });

  test("two partners can have users with the same id", async () => {
    const [one, other] = [await portico.partnerWithToken(), await portico.partnerWithToken()];
    const answers = [await create(one.token), await create(other.token, { duration: "P1Y" })];
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect((await read(one.token)).body).toEqual(answers[0]?.body);
    expect((await read(other.token)).body).toEqual(answers[1]?.body);
  });

  test("after a cancellation, a new subscription continues history and ETag", async () => {
    const { token } = await portico.partnerWithToken();
    const etags: string[] = [];
    const first = await create(token);
    etags.push(first.body.etag, (await extend(token)).body.etag);
    await cancel(token);
    etags.push((await read(token)).body.etag);
    const second = await create(token, { userEmail: "new@example.com", duration: "P2W" });
    etags.push(second.body.etag);
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
    expect(second.body).toMatchObject({ userEmail: "new@example.com", status: "active" });
    expect(new Set(etags).size).toBe(4);
    const entries = await history(token);
    expect(entries.map(({ type }) => type)).toEqual(["created", "extended", "cancelled", "created"]);
    expect(entries[3]).toMatchObject({ from: null, to: termOf(second.body) });
  });

  test("after expiry, a user can have a new subscription", async () => {
    const { token } = await portico.partnerWithToken();
    const expired = await createExpired(token);
    const { status, body } = await create(token);
    expect(status).toBe(201);
    expect(body.id).not.toBe(expired.id);
    expect(body).toMatchObject({ status: "active", etag: '"2"' });
  });

  test("of fifty parallel creations for one user, one succeeds and the others get a conflict", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = await inParallel(50, () => create(token));
    expect(tally(answers.map(verdict))).toEqual({ "201": 1, "409 subscription_exists": 49 });
    expect((await read(token)).body).toEqual(answers.find(({ status }) => status === 201)?.body);
    expect(await history(token)).toHaveLength(1);
  });

  test("fifty parallel creations for different users all succeed", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = await inParallel(50, (index) => create(token, {}, { user: `u${index}` }));
    expect(tally(answers.map(verdict))).toEqual({ "201": 50 });
  });
});

describe("Idempotency-Key", () => {
  test("fifty parallel creations with one key create one subscription", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = await inParallel(50, () => create(token, {}, keyed("once")));
    expectOneEffect(answers, 201);
    expect((await read(token)).text).toBe(answers.find(({ status }) => status === 201)?.text);
    expect(await history(token)).toHaveLength(1);
  });

  test("a replay returns the first response with its headers and is marked as a replay", async () => {
    const { token } = await portico.partnerWithToken();
    const first = await create(token, {}, keyed("k"));
    const again = await create(token, {}, keyed("k"));
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    for (const name of ["location", "etag", "content-type"])
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    expect(again.headers.get("x-request-id")).not.toBe(first.headers.get("x-request-id"));
  });

  test("replays a rejection even if the request would now succeed", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const first = await create(token, { duration: "P1Y" }, keyed("k"));
    expect(verdict(first)).toBe("409 subscription_exists");
    await cancel(token);
    const again = await create(token, { duration: "P1Y" }, keyed("k"));
    expect([verdict(again), again.text]).toEqual(["409 subscription_exists", first.text]);
    expect((await read(token)).body.status).toBe("cancelled");
  });

  test("order and spacing of the members make no difference", async () => {
    const { token } = await portico.partnerWithToken();
    const headers = { "content-type": "application/json", "idempotency-key": "k" };
    const first = await call("POST", "/v1/subscriptions", {
      token,
      headers,
      raw: '{"externalUserId":"u1","userEmail":"u1@example.com","duration":"P1M"}',
    });
    const again = await call("POST", "/v1/subscriptions", {
      token,
      headers,
      raw: '{ "duration": "P1\\u004d",\n "userEmail": "u1@example.com", "externalUserId": "u1" }',
    });
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(again.text).toBe(first.text);
  });

  test("a key is scoped to its caller and its operation", async () => {
    const [one, other] = [await portico.partnerWithToken(), await portico.partnerWithToken()];
    const first = await create(one.token, {}, keyed("k"));
    const second = await create(other.token, {}, keyed("k"));
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body.id).not.toBe(first.body.id);
    const extended = await extend(one.token, {}, keyed("k"));
    expect(extended.status).toBe(200);
    expect(extended.headers.get("idempotency-replayed")).toBeNull();
  });

  test("a key stays valid with a new token of the same partner", async () => {
    const partner = await portico.registerPartner();
    const first = await create(await portico.partnerToken(partner), {}, keyed("k"));
    const again = await create(await portico.partnerToken(partner), {}, keyed("k"));
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(again.text).toBe(first.text);
  });

  test("an invalid request does not use up its key", async () => {
    const { token } = await portico.partnerWithToken();
    expect(verdict(await create(token, { duration: "nonsense" }, keyed("k")))).toBe("422 validation_failed");
    expect((await create(token, {}, keyed("k"))).status).toBe(201);
  });

  test.each([["a"], ["x".repeat(255)], ["!~\"#'"]])("accepts the key %s", async (key) => {
    const { token } = await portico.partnerWithToken();
    await create(token, {}, keyed(key));
    expect((await create(token, {}, keyed(key))).headers.get("idempotency-replayed")).toBe("true");
  });

  test.each([["x".repeat(256)], ["a b"], ["\u00e9"], [""]])("rejects the key %j and creates nothing", async (key) => {
    const { token } = await portico.partnerWithToken();
    const answer = await create(token, {}, keyed(key));
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual(["/Idempotency-Key"]);
    expect((await read(token)).status).toBe(404);
  });
});
