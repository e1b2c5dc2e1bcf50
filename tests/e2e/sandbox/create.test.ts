/** The sandbox of a partner, its secret, and what of it follows the live partner. Covers `sandbox/read` and `sandbox/new-secret`. */
import { companyCalls } from "../../support/companies.ts";
import { verdict } from "../../support/answer.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { expectReplayed, withKey } from "../../support/idempotency.ts";
import { allPages } from "../../support/lists.ts";
import { partnerCalls } from "../../support/partners.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { sandboxCalls } from "../../support/sandboxes.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { contentsOf } from "../../support/table.ts";
import { instant } from "../../support/values.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { acceptsSecret, asRoot, change, read, remove, self, verdicts } = partnerCalls(portico);
const { advance, startSandbox } = sandboxCalls(portico);
const subscriptions = subscriptionCalls(portico);
const companies = companyCalls(portico);

const create = (token: string, json?: unknown, headers = {}) => call("POST", "/v1/sandbox", { token, json, headers });

describe("creating a sandbox", () => {
  test("shows its secret once, and both partners name each other", async () => {
    const live = await portico.partnerWithToken();
    expectProblem(await call("GET", "/v1/sandbox", { token: live.token }), 404, "not_found");
    const answer = await create(live.token);
    expect(answer.status).toBe(201);
    const { id, clientSecret, testClock, createdAt } = answer.body;
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^ptr_/),
      clientId: id,
      clientSecret: expect.any(String),
      status: "active",
      testClock: { time: createdAt, status: "ready" },
      createdAt: expect.stringMatching(instant),
    });
    const shown = await call("GET", "/v1/sandbox", { token: live.token });
    expect(shown.body).toEqual({ id, clientId: id, status: "active", testClock, createdAt });
    expect((await self(live.token)).body).toMatchObject({ sandboxId: id, sandboxOf: null, etag: '"2"' });
    const token = await portico.partnerToken({ id, secret: clientSecret });
    const own = { id, name: "Blue Bicycle", email: "", sandboxId: null, sandboxOf: live.id };
    expect((await self(token)).body).toMatchObject(own);
    expect((await read(id)).body).toMatchObject(own);
  });

  test("takes the settings of the live partner, and its data are apart", async () => {
    const live = await portico.partnerWithToken();
    const token = await portico.partnerToken(live);
    await call("PATCH", `/v1/partners/${live.id}`, { token, json: { expiryNotice: "P3D" } });
    const { body } = await create(token, { time: "2030-01-01T00:00:00+01:00" });
    expect(body.testClock.time).toBe("2029-12-31T23:00:00.000Z");
    const sandbox = await portico.partnerToken({ id: body.id, secret: body.clientSecret });
    expect((await self(sandbox)).body.expiryNotice).toBe("P3D");
    await subscriptions.create(token, {}, { user: "live" });
    await subscriptions.create(sandbox, {}, { user: "test" });
    const usersOf = async (of: string) =>
      (await call("GET", "/v1/subscriptions", { token: of })).body.items.map(
        ({ externalUserId }: any) => externalUserId,
      );
    expect(await usersOf(token)).toEqual(["live"]);
    expect(await usersOf(sandbox)).toEqual(["test"]);
    const { body: events } = await call("GET", "/v1/events?type=partner.created", { token: sandbox });
    expect(events.items).toMatchObject([{ data: { id: body.id } }]);
  });

  test("is refused to a sandbox, without its scope, a second time and for a wrong time", async () => {
    const { live, token } = await startSandbox();
    expectProblem(await create(live.token), 409, "sandbox_exists");
    for (const [method, path] of [
      ["POST", "/v1/sandbox"],
      ["GET", "/v1/sandbox"],
      ["POST", "/v1/sandbox/secret"],
    ] as const) {
      expectProblem(await call(method, path, { token }), 409, "live_partner_required");
    }
    const other = await portico.registerPartner();
    const narrow = await portico.partnerToken(other, "events:read");
    expectProblem(await create(narrow), 403, "insufficient_scope");
    const full = await portico.partnerToken(other);
    for (const time of ["1969-12-31T23:59:59Z", "tomorrow", 7, null]) {
      expectProblem(await create(full, { time }), 422, "validation_failed", ["/time"]);
    }
    expectProblem(await create(full, { clock: "2030-01-01T00:00:00Z" }), 422, "validation_failed", ["/clock"]);
  });

  test("of fifty parallel creations one succeeds, and a repetition with its key shows no secret", async () => {
    const { token } = await portico.partnerWithToken();
    const headers = withKey();
    const answers = await inParallel(50, (index) => create(token, {}, index % 2 === 0 ? headers : {}));
    const outcomes = answers.map(verdict).filter((outcome) => outcome !== "409 request_in_progress");
    const created = answers.filter(({ status }) => status === 201);
    expect(new Set(created.map(({ body }) => body.id)).size).toBe(1);
    expect(created.filter(({ body }) => body.clientSecret !== undefined)).toHaveLength(1);
    expect(Object.keys(tally(outcomes)).sort()).toEqual(["201", "409 sandbox_exists"]);
    const other = await portico.partnerWithToken();
    const first = await create(other.token, {}, headers);
    expectReplayed(await create(other.token, {}, headers), first);
  });
});

test("a new secret of the sandbox replaces the old one after its grace period", async () => {
  const { live, id, secret } = await startSandbox();
  const renew = (json?: unknown, headers = {}) =>
    call("POST", "/v1/sandbox/secret", { token: live.token, json, headers });
  const headers = withKey();
  const answer = await renew({ gracePeriod: "PT1H" }, headers);
  expectReplayed(await renew({ gracePeriod: "PT1H" }, headers), answer);
  expect(answer.body).toEqual({
    clientId: id,
    clientSecret: expect.any(String),
    previousValidUntil: expect.stringMatching(instant),
  });
  expect([await acceptsSecret(id, secret), await acceptsSecret(id, answer.body.clientSecret)]).toEqual([true, true]);
  const { body } = await renew();
  expect([await acceptsSecret(id, secret), await acceptsSecret(id, body.clientSecret)]).toEqual([false, true]);
  expectProblem(await renew({ gracePeriod: "P8D" }), 422, "validation_failed", ["/gracePeriod"]);
  const { token } = await portico.partnerWithToken();
  expectProblem(await call("POST", "/v1/sandbox/secret", { token }), 404, "not_found");
});

test("the audit trail names the live partner, and shows no secret", async () => {
  const { live, id, time, token } = await startSandbox({ time: "2030-01-01T00:00:00Z" });
  for (let count = 0; count < 2; count++) await advance(token, { to: "2030-01-02T00:00:00Z" });
  await call("POST", "/v1/sandbox/secret", { token: live.token });
  const { body } = await asRoot("GET", `/v1/audit?target=${id}`);
  expect(body.items).toMatchObject([
    { operation: "sandbox.new-secret", actor: { id: live.id } },
    {
      operation: "test-clock.advance",
      actor: { id },
      before: { time: "2030-01-01T00:00:00.000Z" },
      after: { time: "2030-01-02T00:00:00.000Z" },
    },
    { operation: "sandbox.create", before: null, after: { sandboxOf: live.id, time } },
  ]);
});

test("lists of partners leave out sandboxes, and a search by id finds them", async () => {
  const { live, id } = await startSandbox();
  for (const query of ["limit=1", "limit=5", "limit=100&sort=name", "limit=100&sort=email"]) {
    let isFound = false;
    await allPages(async (cursor) => {
      const answer = await asRoot("GET", `/v1/partners?${query}${cursor === undefined ? "" : `&cursor=${cursor}`}`);
      const ids = answer.body.items.map((partner: any) => partner.id);
      expect(ids).not.toContain(id);
      isFound ||= ids.includes(live.id);
      return isFound ? { ...answer, body: { ...answer.body, nextCursor: null } } : answer;
    });
    expect(isFound).toBe(true);
  }
  const { body } = await asRoot("GET", `/v1/partners?search=${id}`);
  expect(body.items).toMatchObject([{ id, sandboxOf: live.id }]);
});

describe("a sandbox and its live partner", () => {
  test("are suspended and active together, at once", async () => {
    const { live, id, secret, token } = await startSandbox();
    expect((await change(live.id, { status: "suspended" })).status).toBe(200);
    expect(await verdicts([live.token, token])).toEqual(["401 token_revoked", "401 token_revoked"]);
    expect(await acceptsSecret(id, secret)).toBe(false);
    expect((await read(id)).body.status).toBe("suspended");
    await change(live.id, { status: "active" });
    expect(await acceptsSecret(id, secret)).toBe(true);
    expect(await verdicts([token])).toEqual(["401 token_revoked"]);
    const { body } = await asRoot("GET", `/v1/partners/${id}/events?type=partner.changed`);
    expect(body.items.map(({ data }: any) => data.status)).toEqual(["active", "suspended"]);
  });

  test("an administrator changes the sandbox, but neither its status nor its e-mail address", async () => {
    const { id } = await startSandbox();
    expect((await change(id, { name: "Blue Test", tokenPolicy: "many" })).body.name).toBe("Blue Test");
    expectProblem(await change(id, { status: "suspended" }), 422, "validation_failed", ["/status"]);
    expectProblem(await change(id, { email: "test@blue.example" }), 422, "validation_failed", ["/email"]);
    expectProblem(await asRoot("POST", `/v1/partners/${id}/off-board`), 409, "live_partner_required");
    expectProblem(await remove(id), 409, "live_partner_required");
    expect((await asRoot("GET", `/v1/partners?search=Blue%20Test`)).body.items).toEqual([]);
  });

  test("off-boarding and deletion take the sandbox along, whatever it holds", async () => {
    const { live, id, secret, token } = await startSandbox();
    await subscriptions.create(token);
    expect((await companies.create(token)).status).toBe(201);
    const url = "https://shop.example/webhooks";
    expect((await call("POST", "/v1/webhook-endpoints", { token, json: { url } })).status).toBe(201);
    expect((await asRoot("POST", `/v1/partners/${live.id}/off-board`)).body).toMatchObject({ done: true });
    expect(await verdicts([token])).toEqual(["401 token_revoked"]);
    expect((await remove(live.id)).status).toBe(204);
    expect(await acceptsSecret(id, secret)).toBe(false);
    expectProblem(await read(id), 404, "not_found");
    const left = (await contentsOf(portico.host)).filter((item) => JSON.stringify([item.pk, item.sk]).includes(id));
    const expiring = ["CREATION-LOCK", "EVENTS"];
    expect(left.map(({ pk }) => String(pk).split("#")[0]!).filter((name) => !expiring.includes(name))).toEqual([]);
  });

  test("a creation beside a deletion leaves no sandbox without its partner", async () => {
    const { id: liveId, token } = await portico.partnerWithToken();
    const answers = await inParallel(50, (index) => (index === 25 ? remove(liveId) : create(token)));
    expect(answers[25]?.status).toBe(204);
    const left = (await contentsOf(portico.host)).filter(({ sandboxOf }) => sandboxOf === liveId);
    expect(left).toEqual([]);
  });
});
