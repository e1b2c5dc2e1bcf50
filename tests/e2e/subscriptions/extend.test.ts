import { pointersOf, verdict } from "../../support/answer.ts";
import { expectOneEffect, keyed } from "../../support/idempotency.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { subscriptionCalls, termOf } from "../../support/subscriptions.ts";
import { dayMs } from "../../support/values.ts";

const portico = Portico.forSuite();
const { cancel, create, createExpired, extend, history, read } = subscriptionCalls(portico);

/** Each entry starts from the state that the previous one left, and the times never decrease. */
function expectUnbroken(entries: any[]): void {
  for (const [index, entry] of entries.entries()) {
    const earlier = entries[index - 1];
    expect(entry.from).toEqual(entry.type === "created" ? null : earlier.to);
    if (earlier !== undefined) expect(entry.at >= earlier.at).toBe(true);
  }
}

describe("extending a subscription", () => {
  test("without a date, an extension adds its duration to the old expiry", async () => {
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

  test("extending a scheduled subscription keeps its start and its status", async () => {
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

  test("extending an expired subscription counts from now and makes it active", async () => {
    const { token } = await portico.partnerWithToken();
    const expired = await createExpired(token);
    const { status, body } = await extend(token, { duration: "P1W" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: expired.id, startsAt: expired.startsAt, status: "active" });
    expect(Date.parse(body.expiresAt)).toBe(Date.parse(body.updatedAt) + 7 * dayMs);
    expect(body.updatedAt > expired.expiresAt).toBe(true);
  });

  test("with a date, the subscription ends exactly then", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const { status, body } = await extend(token, { duration: "P1D", expiresAt: "2096-05-05T05:05:05.005+05:00" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ duration: "P1D", expiresAt: "2096-05-05T00:05:05.005Z" });
  });

  test("an extended subscription always ends later than before", async () => {
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

  test("rejects an extension to a date in the past", async () => {
    const { token } = await portico.partnerWithToken();
    const { expiresAt } = await createExpired(token);
    const answer = await extend(token, { expiresAt: new Date(Date.parse(expiresAt) + 1).toISOString() });
    expect(verdict(answer)).toBe("422 period_invalid");
    expect((await read(token)).body.expiresAt).toBe(expiresAt);
  });

  test("rejects an extension beyond the year 9999", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    expect((await extend(token, { expiresAt: "9999-12-31T23:59:59.999Z" })).status).toBe(200);
    expect(verdict(await extend(token, { duration: "P1D" }))).toBe("422 period_invalid");
    expect((await read(token)).body.expiresAt).toBe("9999-12-31T23:59:59.999Z");
  });

  test("rejects the extension of a cancelled subscription", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    await cancel(token);
    const { body } = await read(token);
    for (const fields of [{}, { expiresAt: "2096-01-01T00:00:00Z" }]) {
      expect(verdict(await extend(token, fields))).toBe("409 subscription_cancelled");
    }
    expect((await read(token)).body).toEqual(body);
  });

  test("returns 404 for a subscription that does not exist", async () => {
    const { token } = await portico.partnerWithToken();
    expect(verdict(await extend(token))).toBe("404 not_found");
    expect((await read(token)).status).toBe(404);
  });

  test("fifty parallel extensions all count, and the history records each without a gap", async () => {
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

  test("no parallel extension takes effect after a cancellation", async () => {
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

describe("If-Match", () => {
  test("accepts the current ETag and rejects a stale one", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await create(token);
    expect((await extend(token, {}, { headers: { "if-match": body.etag } })).status).toBe(200);
    const present = await read(token);
    expect(verdict(await extend(token, {}, { headers: { "if-match": body.etag } }))).toBe("412 precondition_failed");
    expect(verdict(await cancel(token, { headers: { "if-match": body.etag } }))).toBe("412 precondition_failed");
    expect((await read(token)).body).toEqual(present.body);
    expect((await cancel(token, { headers: { "if-match": present.body.etag } })).status).toBe(204);
  });

  test.each(['"1"', "*", '"7", "1"', '"1","7"'])("%s matches the first revision", async (tag) => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    expect((await extend(token, {}, { headers: { "if-match": tag } })).status).toBe(200);
  });

  test.each(['"2"', 'W/"1"', '""', '"01"', "nonsense", '"7", "8"'])(
    "%s does not match the first revision",
    async (tag) => {
      const { token } = await portico.partnerWithToken();
      await create(token);
      expect(verdict(await extend(token, {}, { headers: { "if-match": tag } }))).toBe("412 precondition_failed");
      expect((await read(token)).body.etag).toBe('"1"');
    },
  );

  test("returns 404 for an unknown subscription, whatever the tag", async () => {
    const { token } = await portico.partnerWithToken();
    expect(verdict(await extend(token, {}, { headers: { "if-match": "*" } }))).toBe("404 not_found");
  });

  test("of fifty parallel extensions with the same If-Match, one succeeds", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const answers = await inParallel(50, () => extend(token, {}, { headers: { "if-match": '"1"' } }));
    expect(tally(answers.map(verdict))).toEqual({ "200": 1, "412 precondition_failed": 49 });
    expect(await history(token)).toHaveLength(2);
  });
});

describe("Idempotency-Key", () => {
  test("fifty parallel extensions with one key extend once", async () => {
    const { token } = await portico.partnerWithToken();
    const created = await create(token, { duration: "P1D" });
    const answers = await inParallel(50, () => extend(token, { duration: "P1D" }, keyed("once")));
    expectOneEffect(answers, 200);
    const { body } = await read(token);
    expect(Date.parse(body.expiresAt) - Date.parse(created.body.expiresAt)).toBe(dayMs);
    expect(await history(token)).toHaveLength(2);
  });

  test("replays the first response even if the state has changed since", async () => {
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

  test("a retry with If-Match succeeds although its first attempt changed the ETag", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await create(token);
    const sent = { headers: { "idempotency-key": "k", "if-match": body.etag } };
    const first = await extend(token, {}, sent);
    const again = await extend(token, {}, sent);
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(await history(token)).toHaveLength(2);
  });

  test("rejects the same key with a different body and changes nothing", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    await extend(token, { duration: "P1M" }, keyed("k"));
    const { body } = await read(token);
    expect(verdict(await extend(token, { duration: "P2M" }, keyed("k")))).toBe("422 idempotency_key_reused");
    expect((await read(token)).body).toEqual(body);
  });

  test("rejects the same key on a different path and changes nothing", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token, {}, { user: "u1" });
    const other = await create(token, {}, { user: "u2" });
    await extend(token, {}, { user: "u1", ...keyed("k") });
    expect(verdict(await extend(token, {}, { user: "u2", ...keyed("k") }))).toBe("422 idempotency_key_reused");
    expect((await read(token, "u2")).body).toEqual(other.body);
  });
});
