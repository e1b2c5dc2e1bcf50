import { conforming, pointersOf, verdict } from "../../support/conformance.ts";
import { allPages } from "../../support/lists.ts";
import { inParallel, Portico, tally, type Answer } from "../../support/portico.ts";
import { eventually } from "../../support/waiting.ts";

let portico: Portico;
beforeAll(async () => {
  portico = await Portico.start();
});
afterAll(async () => {
  await portico.close();
});

const call = conforming(() => portico);
const dayMs = 86_400_000;
const shown = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly user?: string;
}

async function create(token: string, fields: object = {}, { headers = {}, user = "u1" }: Sent = {}): Promise<Answer> {
  const json = { externalUserId: user, userEmail: `${user}@example.com`, duration: "P1M", ...fields };
  return await call("POST", "/v1/subscriptions", { token, json, headers });
}

async function extend(token: string, fields: object = {}, { headers = {}, user = "u1" }: Sent = {}): Promise<Answer> {
  return await call("PUT", `/v1/subscriptions/${user}`, { token, json: { duration: "P1M", ...fields }, headers });
}

const read = (token: string, user = "u1") => call("GET", `/v1/subscriptions/${user}`, { token });
const cancel = (token: string, { headers = {}, user = "u1" }: Sent = {}) =>
  call("DELETE", `/v1/subscriptions/${user}`, { token, headers });

async function history(token: string, user = "u1"): Promise<any[]> {
  const pages = await allPages((cursor) =>
    call("GET", `/v1/subscriptions/${user}/history?limit=100${cursor === undefined ? "" : `&cursor=${cursor}`}`, {
      token,
    }),
  );
  return pages.flat();
}

const tokenIdOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).jti;

const termOf = ({ duration, startsAt, expiresAt }: any) => ({ duration, startsAt, expiresAt });

/** Creates a subscription that is over a moment later, and waits until it is. */
async function createExpired(token: string, user = "u1"): Promise<any> {
  let answer: Answer | undefined;
  for (let aheadMs = 1000; answer?.status !== 201 && aheadMs < 60_000; aheadMs *= 2) {
    answer = await create(
      token,
      { expiresAt: new Date(Date.now() + aheadMs).toISOString(), duration: "P1D" },
      { user },
    );
  }
  return (
    await eventually(
      () => read(token, user),
      ({ body }) => body.status === "expired",
    )
  ).body;
}

describe("creating", () => {
  test("a subscription starts now and ends one duration later, where nothing else is said", async () => {
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
  ])("%s from %s ends at %s, on the calendar", async (duration, startsAt, expiresAt) => {
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
  ])("with an end alone, %s until %s begins at %s", async (duration, expiresAt, startsAt) => {
    const { token } = await portico.partnerWithToken();
    const { status, body } = await create(token, { duration, expiresAt });
    expect(status).toBe(201);
    expect(body).toMatchObject({ startsAt, expiresAt: new Date(expiresAt).toISOString(), status: "scheduled" });
  });

  test("a start and an end together are refused", async () => {
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
  ])("%s is no period, and nothing is created", async (_what, fields, pointer) => {
    const { token } = await portico.partnerWithToken();
    const answer = await create(token, fields);
    expect(verdict(answer)).toBe("422 period_invalid");
    expect(pointersOf(answer)).toEqual([pointer]);
    expect((await read(token)).status).toBe(404);
    expect((await call("GET", "/v1/subscriptions/u1/history", { token })).status).toBe(404);
  });

  test("a start in the past is fine as long as the end is ahead", async () => {
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
  ])("the duration %j is not a period of whole days, weeks, months or years up to ten years", async (duration) => {
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
  ])("a time with any offset, %s, is accepted and shown in UTC with milliseconds", async (startsAt, inUtc) => {
    const { token } = await portico.partnerWithToken();
    const { status, body } = await create(token, { startsAt });
    expect(status).toBe(201);
    expect(body.startsAt).toBe(inUtc);
    for (const moment of [body.startsAt, body.expiresAt, body.createdAt, body.updatedAt]) expect(moment).toMatch(shown);
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
  ])("%j is not a time of RFC 3339", async (startsAt) => {
    const { token } = await portico.partnerWithToken();
    const answer = await create(token, { startsAt });
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual(["/startsAt"]);
  });

  test("a second live subscription of a user is refused, and the first one stays as it was", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await create(token);
    const answer = await create(token, { userEmail: "other@example.com", duration: "P1Y" });
    expect(verdict(answer)).toBe("409 subscription_exists");
    expect((await read(token)).body).toEqual(body);
    expect(await history(token)).toHaveLength(1);
  });

  test("a scheduled subscription is live: a second one is refused", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token, { startsAt: "2096-01-01T00:00:00Z" });
    expect(verdict(await create(token))).toBe("409 subscription_exists");
  });

  test("two partners may have a user of the same name", async () => {
    const [one, other] = [await portico.partnerWithToken(), await portico.partnerWithToken()];
    const answers = [await create(one.token), await create(other.token, { duration: "P1Y" })];
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect((await read(one.token)).body).toEqual(answers[0]?.body);
    expect((await read(other.token)).body).toEqual(answers[1]?.body);
  });

  test("after a cancellation a user may have a new subscription, whose history and entity tag go on", async () => {
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

  test("after its expiry a user may have a new subscription", async () => {
    const { token } = await portico.partnerWithToken();
    const expired = await createExpired(token);
    const { status, body } = await create(token);
    expect(status).toBe(201);
    expect(body.id).not.toBe(expired.id);
    expect(body).toMatchObject({ status: "active", etag: '"2"' });
  });

  test("of fifty creations at the same moment for one user exactly one is made, and the others are told why", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = await inParallel(50, () => create(token));
    expect(tally(answers.map(verdict))).toEqual({ "201": 1, "409 subscription_exists": 49 });
    expect((await read(token)).body).toEqual(answers.find(({ status }) => status === 201)?.body);
    expect(await history(token)).toHaveLength(1);
  });

  test("fifty creations at the same moment for different users all succeed", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = await inParallel(50, (index) => create(token, {}, { user: `u${index}` }));
    expect(tally(answers.map(verdict))).toEqual({ "201": 50 });
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
  ])("%s needs no escaping in a path, and may be escaped all the same", async (user) => {
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
    "%j is no external user id",
    async (externalUserId) => {
      const { token } = await portico.partnerWithToken();
      const answer = await create(token, { externalUserId });
      expect(verdict(answer)).toBe("422 validation_failed");
      expect(pointersOf(answer)).toEqual(["/externalUserId"]);
    },
  );

  test("upper and lower case are different users", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token, {}, { user: "ada" });
    expect((await read(token, "ADA")).status).toBe(404);
    expect((await create(token, {}, { user: "ADA" })).status).toBe(201);
  });
});

describe("extending", () => {
  test("an extension without a date adds its duration to the old expiry, on the calendar", async () => {
    const { token } = await portico.partnerWithToken();
    const created = await create(token, { startsAt: "2095-12-31T10:00:00Z", duration: "P1M" });
    expect(created.body.expiresAt).toBe("2096-01-31T10:00:00.000Z");
    const { status, headers, body } = await extend(token, { duration: "P1M" });
    expect(status).toBe(200);
    expect(headers.get("etag")).toBe('"2"');
    expect(body).toEqual({
      ...created.body,
      expiresAt: "2096-02-29T10:00:00.000Z",
      updatedAt: body.updatedAt,
      etag: '"2"',
    });
    expect((await read(token)).body).toEqual(body);
  });

  test("the extension of a scheduled subscription leaves its start, and it stays scheduled", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token, { startsAt: "2096-01-01T00:00:00Z", duration: "P1W" });
    const { body } = await extend(token, { duration: "P1D" });
    expect(body).toMatchObject({
      startsAt: "2096-01-01T00:00:00.000Z",
      expiresAt: "2096-01-09T00:00:00.000Z",
      duration: "P1D",
      status: "scheduled",
    });
  });

  test("an expired subscription is extended from now, and is active again", async () => {
    const { token } = await portico.partnerWithToken();
    const expired = await createExpired(token);
    const { status, body } = await extend(token, { duration: "P1W" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: expired.id, startsAt: expired.startsAt, status: "active" });
    expect(Date.parse(body.expiresAt)).toBe(Date.parse(body.updatedAt) + 7 * dayMs);
    expect(body.updatedAt > expired.expiresAt).toBe(true);
  });

  test("with a date the subscription ends exactly then, whatever the duration", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const { status, body } = await extend(token, { duration: "P1D", expiresAt: "2096-05-05T05:05:05.005+05:00" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ duration: "P1D", expiresAt: "2096-05-05T00:05:05.005Z" });
  });

  test("an extended subscription never ends earlier than before, nor at the same moment", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await create(token, { duration: "P1Y" });
    const wanted = [
      body.expiresAt,
      new Date(Date.parse(body.expiresAt) - 1).toISOString(),
      "2001-01-01T00:00:00Z",
      body.startsAt,
    ];
    for (const expiresAt of wanted) {
      const answer = await extend(token, { expiresAt });
      expect(verdict(answer)).toBe("422 period_invalid");
      expect(pointersOf(answer)).toEqual(["/expiresAt"]);
    }
    expect((await read(token)).body).toEqual(body);
    expect(await history(token)).toHaveLength(1);
    expect((await extend(token, { expiresAt: new Date(Date.parse(body.expiresAt) + 1).toISOString() })).status).toBe(
      200,
    );
  });

  test("an expired subscription is not extended to a date that is past already", async () => {
    const { token } = await portico.partnerWithToken();
    const { expiresAt } = await createExpired(token);
    const answer = await extend(token, { expiresAt: new Date(Date.parse(expiresAt) + 1).toISOString() });
    expect(verdict(answer)).toBe("422 period_invalid");
    expect((await read(token)).body.expiresAt).toBe(expiresAt);
  });

  test("no extension leads beyond the year 9999", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    expect((await extend(token, { expiresAt: "9999-12-31T23:59:59.999Z" })).status).toBe(200);
    expect(verdict(await extend(token, { duration: "P1D" }))).toBe("422 period_invalid");
    expect((await read(token)).body.expiresAt).toBe("9999-12-31T23:59:59.999Z");
  });

  test("a cancelled subscription is not extended", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    await cancel(token);
    const { body } = await read(token);
    for (const fields of [{}, { expiresAt: "2096-01-01T00:00:00Z" }]) {
      expect(verdict(await extend(token, fields))).toBe("409 subscription_cancelled");
    }
    expect((await read(token)).body).toEqual(body);
  });

  test("what was never created cannot be extended", async () => {
    const { token } = await portico.partnerWithToken();
    expect(verdict(await extend(token))).toBe("404 not_found");
    expect((await read(token)).status).toBe(404);
  });

  test("fifty extensions at the same moment all count, and the history tells of each in an unbroken chain", async () => {
    const { token } = await portico.partnerWithToken();
    const created = await create(token, { duration: "P1D" });
    const answers = await inParallel(50, () => extend(token, { duration: "P1D" }));
    expect(tally(answers.map(verdict))).toEqual({ "200": 50 });
    expect(new Set(answers.map(({ body }) => body.etag)).size).toBe(50);
    const { body } = await read(token);
    expect(Date.parse(body.expiresAt) - Date.parse(created.body.expiresAt)).toBe(50 * dayMs);
    const entries = await history(token);
    expect(tally(entries.map(({ type }) => type))).toEqual({ created: 1, extended: 50 });
    expectUnbroken(entries);
    expect(entries.at(-1).to).toEqual(termOf(body));
  });

  test("a subscription is never extended after it was cancelled, however close the calls are", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token, { duration: "P1D" });
    const answers = await inParallel(60, (index) =>
      index === 10 ? cancel(token) : extend(token, { duration: "P1D" }),
    );
    const verdicts = tally(answers.map(verdict));
    expect(
      Object.keys(verdicts).filter((name) => !["200", "204", "409 subscription_cancelled"].includes(name)),
    ).toEqual([]);
    expect(verdicts["204"]).toBe(1);
    const { body } = await read(token);
    expect(body.status).toBe("cancelled");
    const entries = await history(token);
    expect(entries.filter(({ type }) => type === "extended")).toHaveLength(verdicts["200"] ?? 0);
    expect(entries.at(-1)).toMatchObject({ type: "cancelled", to: termOf(body) });
    expectUnbroken(entries);
  });
});

/** Each change begins with what the one before left, and none is older than the one before. */
function expectUnbroken(entries: any[]): void {
  for (const [index, entry] of entries.entries()) {
    const earlier = entries[index - 1];
    expect(entry.from).toEqual(entry.type === "created" ? null : earlier.to);
    if (earlier !== undefined) expect(entry.at >= earlier.at).toBe(true);
  }
}

describe("reading and cancelling", () => {
  test("the status is what it is at the time of reading", async () => {
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

  test("a scheduled subscription becomes active by the time alone", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await create(token, { startsAt: new Date(Date.now() + 1500).toISOString() });
    const later = await eventually(
      () => read(token),
      (answer) => answer.body.status === "active",
    );
    expect(later.body).toEqual({ ...body, status: "active" });
  });

  test("cancelling ends a subscription now, and cancelling it again changes nothing", async () => {
    const { token } = await portico.partnerWithToken();
    const created = await create(token);
    expect(await cancel(token)).toMatchObject({ status: 204, text: "" });
    const { body } = await read(token);
    expect(body).toMatchObject({
      id: created.body.id,
      status: "cancelled",
      startsAt: created.body.startsAt,
      etag: '"2"',
    });
    expect(body.expiresAt).toBe(body.updatedAt);
    expect((await cancel(token)).status).toBe(204);
    expect((await read(token)).body).toEqual(body);
    expect((await history(token)).map(({ type }) => type)).toEqual(["created", "cancelled"]);
  });

  test("fifty cancellations at the same moment are one", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const answers = await inParallel(50, () => cancel(token));
    expect(tally(answers.map(verdict))).toEqual({ "204": 50 });
    expect(await history(token)).toHaveLength(2);
  });

  test("a subscription that was cancelled before its start never began", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token, { startsAt: "2096-01-01T00:00:00Z" });
    await cancel(token);
    const { body } = await read(token);
    expect(body.status).toBe("cancelled");
    expect([body.startsAt, body.expiresAt]).toEqual([body.updatedAt, body.updatedAt]);
  });

  test("the cancellation of an expired subscription does not move its end", async () => {
    const { token } = await portico.partnerWithToken();
    const { expiresAt } = await createExpired(token);
    expect((await cancel(token)).status).toBe(204);
    expect((await read(token)).body).toMatchObject({ status: "cancelled", expiresAt });
  });

  test("what does not exist cannot be read or cancelled", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = [
      await read(token),
      await cancel(token),
      await call("GET", "/v1/subscriptions/u1/history", { token }),
    ];
    expect(answers.map(verdict)).toEqual(Array(3).fill("404 not_found"));
  });
});

describe("the history", () => {
  test("tells every change, oldest first: what, when, from what, to what, by which token", async () => {
    const partner = await portico.registerPartner();
    const first = await portico.partnerToken(partner);
    const created = await create(first);
    const second = await portico.partnerToken(partner);
    const extended = await extend(second, { duration: "P1Y" });
    const third = await portico.partnerToken(partner);
    await cancel(third);
    const cancelled = await read(third);
    const [one, two, three] = [created, extended, cancelled].map(({ body }) => termOf(body));
    const entries = await history(third);
    expect(entries.map(({ id: _id, ...entry }) => entry)).toEqual([
      { type: "created", at: created.body.updatedAt, from: null, to: one, tokenId: tokenIdOf(first) },
      { type: "extended", at: extended.body.updatedAt, from: one, to: two, tokenId: tokenIdOf(second) },
      { type: "cancelled", at: cancelled.body.updatedAt, from: two, to: three, tokenId: tokenIdOf(third) },
    ]);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(3);
  });

  test("comes in pages of which each change is on exactly one", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    for (let count = 0; count < 6; count++) await extend(token, { duration: "P1D" });
    const whole = await history(token);
    for (const limit of [1, 2, 3, 7]) {
      const pages = await allPages((cursor) =>
        call("GET", `/v1/subscriptions/u1/history?limit=${limit}${cursor === undefined ? "" : `&cursor=${cursor}`}`, {
          token,
        }),
      );
      expect(pages.flat()).toEqual(whole);
      expect(pages.every((page) => page.length <= limit)).toBe(true);
    }
  });

  test("a refused change leaves no trace in it", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const whole = await history(token);
    await create(token);
    await extend(token, { expiresAt: "2001-01-01T00:00:00Z" });
    await extend(token, {}, { headers: { "if-match": '"9"' } });
    await extend(token, { duration: "nonsense" });
    expect(await history(token)).toEqual(whole);
  });
});

describe("who may", () => {
  test("another partner's subscription is as if it did not exist, and stays untouched", async () => {
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

  test("a token needs the scope of each operation", async () => {
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

  test("an administrator has no subscriptions", async () => {
    const token = await portico.rootToken();
    expect(verdict(await create(token))).toBe("403 forbidden");
    expect(verdict(await call("GET", "/v1/subscriptions", { token }))).toBe("403 forbidden");
  });
});

describe("If-Match", () => {
  test("a change passes with the present entity tag, and is refused with an older one", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await create(token);
    expect((await extend(token, {}, { headers: { "if-match": body.etag } })).status).toBe(200);
    const present = await read(token);
    expect(verdict(await extend(token, {}, { headers: { "if-match": body.etag } }))).toBe("412 precondition_failed");
    expect(verdict(await cancel(token, { headers: { "if-match": body.etag } }))).toBe("412 precondition_failed");
    expect((await read(token)).body).toEqual(present.body);
    expect((await cancel(token, { headers: { "if-match": present.body.etag } })).status).toBe(204);
  });

  test.each(['"1"', "*", '"7", "1"', '"1","7"'])("%s passes for the first revision", async (tag) => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    expect((await extend(token, {}, { headers: { "if-match": tag } })).status).toBe(200);
  });

  test.each(['"2"', 'W/"1"', '""', '"01"', "nonsense", '"7", "8"'])(
    "%s does not pass for the first revision",
    async (tag) => {
      const { token } = await portico.partnerWithToken();
      await create(token);
      expect(verdict(await extend(token, {}, { headers: { "if-match": tag } }))).toBe("412 precondition_failed");
      expect((await read(token)).body.etag).toBe('"1"');
    },
  );

  test("what does not exist is not found, whatever the tag", async () => {
    const { token } = await portico.partnerWithToken();
    expect(verdict(await extend(token, {}, { headers: { "if-match": "*" } }))).toBe("404 not_found");
  });

  test("of fifty extensions of one revision exactly one is made", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const answers = await inParallel(50, () => extend(token, {}, { headers: { "if-match": '"1"' } }));
    expect(tally(answers.map(verdict))).toEqual({ "200": 1, "412 precondition_failed": 49 });
    expect(await history(token)).toHaveLength(2);
  });
});

describe("Idempotency-Key", () => {
  const keyed = (key: string) => ({ headers: { "idempotency-key": key } });

  /** The first answer once, and that same answer again or `request_in_progress` for everybody else. */
  function expectOneEffect(answers: Answer[], status: number): void {
    const successes = answers.filter((answer) => answer.status === status);
    const first = successes.filter(({ headers }) => headers.get("idempotency-replayed") === null);
    expect(first).toHaveLength(1);
    expect(answers.filter((answer) => answer.status !== status).map(verdict)).toEqual(
      Array(answers.length - successes.length).fill("409 request_in_progress"),
    );
    for (const { text } of successes) expect(text).toBe(first[0]?.text);
  }

  test("fifty extensions at the same moment with one key extend once", async () => {
    const { token } = await portico.partnerWithToken();
    const created = await create(token, { duration: "P1D" });
    const answers = await inParallel(50, () => extend(token, { duration: "P1D" }, keyed("once")));
    expectOneEffect(answers, 200);
    const { body } = await read(token);
    expect(Date.parse(body.expiresAt) - Date.parse(created.body.expiresAt)).toBe(dayMs);
    expect(await history(token)).toHaveLength(2);
  });

  test("fifty creations at the same moment with one key create once, and all are told of it", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = await inParallel(50, () => create(token, {}, keyed("once")));
    expectOneEffect(answers, 201);
    expect((await read(token)).text).toBe(answers.find(({ status }) => status === 201)?.text);
    expect(await history(token)).toHaveLength(1);
  });

  test("a repetition gets the first answer again, with its headers, and says so", async () => {
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

  test("a repetition gets the first answer even when the state has moved on", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const first = await extend(token, {}, keyed("k"));
    await cancel(token);
    const again = await extend(token, {}, keyed("k"));
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect((await read(token)).body.status).toBe("cancelled");
    await create(token, { duration: "P1Y" });
    expect((await extend(token, {}, keyed("k"))).text).toBe(first.text);
    expect(await history(token)).toHaveLength(4);
  });

  test("a repetition after a lost answer passes, although the tag that it matches has gone by its own first run", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await create(token);
    const sent = { headers: { "idempotency-key": "k", "if-match": body.etag } };
    const first = await extend(token, {}, sent);
    const again = await extend(token, {}, sent);
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(await history(token)).toHaveLength(2);
  });

  test("a refusal is an answer, too: the repetition gets it again although it would be allowed now", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const first = await create(token, { duration: "P1Y" }, keyed("k"));
    expect(verdict(first)).toBe("409 subscription_exists");
    await cancel(token);
    const again = await create(token, { duration: "P1Y" }, keyed("k"));
    expect([verdict(again), again.text]).toEqual(["409 subscription_exists", first.text]);
    expect((await read(token)).body.status).toBe("cancelled");
  });

  test("the same key with another body is refused, and changes nothing", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    await extend(token, { duration: "P1M" }, keyed("k"));
    const { body } = await read(token);
    expect(verdict(await extend(token, { duration: "P2M" }, keyed("k")))).toBe("422 idempotency_key_reused");
    expect((await read(token)).body).toEqual(body);
  });

  test("the same key on another path is refused, and changes nothing", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token, {}, { user: "u1" });
    const other = await create(token, {}, { user: "u2" });
    await extend(token, {}, { user: "u1", ...keyed("k") });
    expect(verdict(await extend(token, {}, { user: "u2", ...keyed("k") }))).toBe("422 idempotency_key_reused");
    expect((await read(token, "u2")).body).toEqual(other.body);
  });

  test("the spacing and the order of the members are no difference", async () => {
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

  test("a key is its caller's own, and its operation's own", async () => {
    const [one, other] = [await portico.partnerWithToken(), await portico.partnerWithToken()];
    const first = await create(one.token, {}, keyed("k"));
    const second = await create(other.token, {}, keyed("k"));
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body.id).not.toBe(first.body.id);
    const extended = await extend(one.token, {}, keyed("k"));
    expect(extended.status).toBe(200);
    expect(extended.headers.get("idempotency-replayed")).toBeNull();
  });

  test("a key outlives the token with which it was used first", async () => {
    const partner = await portico.registerPartner();
    const first = await create(await portico.partnerToken(partner), {}, keyed("k"));
    const again = await create(await portico.partnerToken(partner), {}, keyed("k"));
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(again.text).toBe(first.text);
  });

  test("a request that is not valid leaves its key free", async () => {
    const { token } = await portico.partnerWithToken();
    expect(verdict(await create(token, { duration: "nonsense" }, keyed("k")))).toBe("422 validation_failed");
    expect((await create(token, {}, keyed("k"))).status).toBe(201);
  });

  test.each([["a"], ["x".repeat(255)], ["!~\"#'"]])("the key %s is one", async (key) => {
    const { token } = await portico.partnerWithToken();
    await create(token, {}, keyed(key));
    expect((await create(token, {}, keyed(key))).headers.get("idempotency-replayed")).toBe("true");
  });

  test.each([["x".repeat(256)], ["a b"], ["\u00e9"], [""]])(
    "the key %j is none, and nothing is created",
    async (key) => {
      const { token } = await portico.partnerWithToken();
      const answer = await create(token, {}, keyed(key));
      expect(verdict(answer)).toBe("422 validation_failed");
      expect(pointersOf(answer)).toEqual(["/Idempotency-Key"]);
      expect((await read(token)).status).toBe(404);
    },
  );
});

test("no e-mail address is ever logged, whatever becomes of the request", async () => {
  const { token } = await portico.partnerWithToken();
  const secret = "grace.hopper.4711";
  const userEmail = `${secret}@example.com`;
  await create(token, { userEmail });
  await create(token, { userEmail });
  await create(token, { userEmail, duration: userEmail, [userEmail]: userEmail }, { user: "u2" });
  await create(token, { userEmail: [userEmail] }, { user: "u2" });
  await call("POST", "/v1/subscriptions", {
    token,
    raw: `{"userEmail":"${userEmail}"`,
    headers: { "content-type": "application/json" },
  });
  await extend(token, { userEmail });
  await cancel(token);
  expect(portico.logs.length).toBeGreaterThan(0);
  expect(portico.logs.join("\n")).not.toContain(secret);
});
