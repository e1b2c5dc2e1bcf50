/** The test clock of a sandbox, and what it brings. Covers `test-clock/read`. */
import { verdict } from "../../support/answer.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { expectReplayed, withKey } from "../../support/idempotency.ts";
import { partnerCalls } from "../../support/partners.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { sandboxCalls } from "../../support/sandboxes.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { contentsOf } from "../../support/table.ts";
import { dayMs } from "../../support/values.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { advance, announced, startSandbox } = sandboxCalls(portico);
const { asRoot } = partnerCalls(portico);
const { cancel, create, extend, history, read } = subscriptionCalls(portico);

const start = "2030-01-31T12:00:00.000Z";
const clockOf = (token: string) => call("GET", "/v1/test-clock", { token });
const summary = ({ type, createdAt, data }: any) => `${createdAt} ${type} ${data.externalUserId} ${data.status}`;

describe("the clock", () => {
  test("stands still until it is advanced, by a duration or to a time", async () => {
    const { token, live } = await startSandbox({ time: start });
    const steps: readonly (readonly [object, string])[] = [
      [{ by: "P1M" }, "2030-02-28T12:00:00.000Z"],
      [{ by: "PT90M" }, "2030-02-28T13:30:00.000Z"],
      [{ to: "2030-03-01T01:00:00+01:00" }, "2030-03-01T00:00:00.000Z"],
      [{ to: "2030-03-01T00:00:00Z" }, "2030-03-01T00:00:00.000Z"],
      [{ by: "P2Y" }, "2032-03-01T00:00:00.000Z"],
    ];
    for (const [json, time] of steps) {
      const answer = await advance(token, json);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ time, status: "ready" });
      expect((await clockOf(token)).body).toEqual(answer.body);
    }
    const { body } = await call("GET", "/v1/sandbox", { token: live.token });
    expect(body.testClock).toEqual({ time: "2032-03-01T00:00:00.000Z", status: "ready" });
  });

  test.each([
    [{ to: "2030-01-31T11:59:59Z" }, "/to"],
    [{ to: "2032-01-31T12:00:01Z" }, "/to"],
    [{ to: "yesterday" }, "/to"],
    [{ by: "P25M" }, "/by"],
    [{ by: "PT0S" }, "/by"],
    [{ by: "-P1D" }, "/by"],
    [{ by: 7 }, "/by"],
    [{}, "/to"],
    [{ to: "2030-02-01T00:00:00Z", by: "P1D" }, "/to"],
    [{ at: "2030-02-01T00:00:00Z" }, "/at"],
  ])("rejects %j", async (json, pointer) => {
    const { token } = await startSandbox({ time: start });
    const answer = await advance(token, json);
    expect(answer.body.errors.map((error: any) => error.pointer)).toContain(pointer);
    expectProblem(answer, 422, "validation_failed");
    expect((await clockOf(token)).body.time).toBe(start);
  });

  test("ends with the year 9999", async () => {
    const { token } = await startSandbox({ time: "9999-06-01T00:00:00Z" });
    expectProblem(await advance(token, { by: "P1Y" }), 422, "validation_failed", ["/by"]);
    expect((await advance(token, { by: "P1M" })).body.time).toBe("9999-07-01T00:00:00.000Z");
  });

  test("is refused to live partners and without its scope", async () => {
    const { live, id, secret } = await startSandbox();
    expectProblem(await advance(live.token, { by: "P1D" }), 409, "sandbox_required");
    expectProblem(await clockOf(live.token), 409, "sandbox_required");
    const narrow = await portico.partnerToken({ id, secret }, "subscriptions:write");
    expectProblem(await advance(narrow, { by: "P1D" }), 403, "insufficient_scope");
    expect((await clockOf(narrow)).status).toBe(200);
  });

  test("a request with a key moves it once, and the key of another request again", async () => {
    const { token } = await startSandbox({ time: start });
    const headers = withKey();
    const first = await advance(token, { by: "P1D" }, headers);
    expectReplayed(await advance(token, { by: "P1D" }, headers), first);
    const answers = await inParallel(20, () => advance(token, { by: "P1D" }, withKey("clock-parallel")));
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect((await clockOf(token)).body.time).toBe("2030-02-02T12:00:00.000Z");
  });

  test("fifty parallel advances by a day move it by fifty days", async () => {
    const { token } = await startSandbox({ time: start });
    const answers = await inParallel(50, () => advance(token, { by: "P1D" }));
    expect(tally(answers.map(verdict))).toEqual({ 200: 50 });
    const { body } = await clockOf(token);
    expect(Date.parse(body.time) - Date.parse(start)).toBe(50 * dayMs);
    expect(body.status).toBe("ready");
  });
});

describe("subscriptions of a sandbox", () => {
  test("live by the clock, for the partner and for administrators", async () => {
    const { id, token } = await startSandbox({ time: start });
    const { body } = await create(token);
    expect(body).toMatchObject({
      startsAt: start,
      createdAt: start,
      expiresAt: "2030-02-28T12:00:00.000Z",
      status: "active",
    });
    const path = `/v1/partners/${id}/subscriptions`;
    const statuses = async () => [
      (await read(token)).body.status,
      (await asRoot("GET", `${path}/u1`)).body.status,
      (await asRoot("GET", path)).body.items[0].status,
      (await asRoot("GET", `${path}/u1/export`)).body.subscription.status,
    ];
    expect(await statuses()).toEqual(["active", "active", "active", "active"]);
    await advance(token, { by: "P1M" });
    expect(await statuses()).toEqual(["expired", "expired", "expired", "expired"]);
    expect((await call("GET", "/v1/subscriptions?status=expired", { token })).body.items).toHaveLength(1);
    const extended = await extend(token);
    expect(extended.body).toMatchObject({ expiresAt: "2030-03-28T12:00:00.000Z", status: "active" });
    await advance(token, { by: "P1D" });
    expect((await asRoot("DELETE", `${path}/u1`)).status).toBe(204);
    expect((await asRoot("DELETE", `${path}/u1/personal-data`)).status).toBe(204);
    expect((await history(token)).map(({ type, at }) => `${type} ${at}`)).toEqual([
      `created ${start}`,
      "extended 2030-02-28T12:00:00.000Z",
      "cancelled 2030-03-01T12:00:00.000Z",
      "personal_data_erased 2030-03-01T12:00:00.000Z",
    ]);
  });

  test("are announced in the order of their moments, each once, and the schedule never sees them", async () => {
    const { token } = await startSandbox({ time: start });
    await create(token, { duration: "P1Y" }, { user: "year" });
    await create(token, { duration: "P1M" }, { user: "month" });
    await create(token, { duration: "P14D" }, { user: "fortnight" });
    await create(token, { duration: "P14D" }, { user: "cancelled" });
    expect((await cancel(token, { user: "cancelled" })).status).toBe(204);
    expect((await call("DELETE", "/v1/subscriptions/month/personal-data", { token })).status).toBe(204);
    expect(await announced(token)).toEqual([]);
    await advance(token, { by: "P1Y" });
    const expected = [
      "2030-02-07T12:00:00.000Z subscription.expiring fortnight active",
      "2030-02-14T12:00:00.000Z subscription.expired fortnight expired",
      "2030-02-21T12:00:00.000Z subscription.expiring month active",
      "2030-02-28T12:00:00.000Z subscription.expired month expired",
      "2031-01-24T12:00:00.000Z subscription.expiring year active",
      "2031-01-31T12:00:00.000Z subscription.expired year expired",
    ];
    expect((await announced(token)).map(summary)).toEqual(expected);
    await advance(token, { by: "P1Y" });
    expect(await announced(token)).toHaveLength(expected.length);
    const { body } = await call("GET", `/v1/events/${(await announced(token))[0].id}`, { token });
    expect(body.createdAt).toBe("2030-02-07T12:00:00.000Z");
    const items = await contentsOf(portico.host);
    expect(items.filter(({ sandbox, gsi2pk }) => sandbox === true && gsi2pk !== undefined)).toEqual([]);
  });

  test("in the past are sold, announced and shown like any", async () => {
    const { token } = await startSandbox({ time: "2001-01-01T00:00:00Z" });
    await create(token, { duration: "P1M" });
    await advance(token, { by: "P1M" });
    expect((await announced(token)).map(summary)).toEqual([
      "2001-01-25T00:00:00.000Z subscription.expiring u1 active",
      "2001-02-01T00:00:00.000Z subscription.expired u1 expired",
    ]);
    const { body } = await call(
      "GET",
      "/v1/events?createdFrom=2001-02-01T00:00:00Z&createdBefore=2001-02-02T00:00:00Z",
      {
        token,
      },
    );
    expect(body.items.map(({ type }: any) => type)).toEqual(["subscription.expired"]);
  });

  test("that are due at once are announced with the sale", async () => {
    const { token } = await startSandbox({ time: start });
    await create(token, { duration: "P1D" });
    expect((await announced(token)).map(summary)).toEqual([`${start} subscription.expiring u1 active`]);
    await advance(token, { by: "P1D" });
    expect((await announced(token)).map(({ type }) => type)).toEqual(["subscription.expiring", "subscription.expired"]);
  });

  test("of fifty callers beside an advance lose no notice and repeat none", async () => {
    const { token } = await startSandbox({ time: start });
    await inParallel(10, (index) => create(token, { duration: "P10D" }, { user: `old-${index}` }));
    const answers = await inParallel(50, (index) => {
      if (index % 10 === 5) return advance(token, { by: "P2D" });
      if (index % 10 === 7) return extend(token, { duration: "P1D" }, { user: `old-${(index - 7) / 10}` });
      return create(token, { duration: "P9D" }, { user: `new-${index}` });
    });
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 10, 201: 40 });
    expect((await advance(token, { by: "P1M" })).body.status).toBe("ready");
    const names = (await announced(token)).map(({ type, data }) => `${type} ${data.externalUserId} ${data.etag}`);
    expect(new Set(names).size).toBe(names.length);
    const { body } = await call("GET", "/v1/subscriptions?limit=100", { token });
    expect(body.items).toHaveLength(50);
    for (const { externalUserId, etag, status } of body.items) {
      expect(status).toBe("expired");
      expect(names).toContain(`subscription.expiring ${externalUserId} ${etag}`);
      expect(names).toContain(`subscription.expired ${externalUserId} ${etag}`);
    }
  });
});
