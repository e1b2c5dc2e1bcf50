/** Also the tests of `usage/read-of-partner` and `usage/read-of-all`. */
import { expectProblem } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { partnerCalls } from "../../support/partners.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { sandboxCalls } from "../../support/sandboxes.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { eventually } from "../../support/waiting.ts";
import { crowdTimeoutMs } from "../../support/values.ts";
import { Receiver, webhookCalls } from "../../support/webhooks.ts";

// With one process, the authorizer of a read has counted all calls before it. The stream's function counts subscriptions.
const portico = Portico.alone({ processesPerFunction: 1, runEventSources: true });
const webhooks = webhookCalls(portico);
const receiver = Receiver.forFile();
const { call } = portico;
const { asRoot, change } = partnerCalls(portico);
const { cancel, create, extend } = subscriptionCalls(portico);
const { startSandbox } = sandboxCalls(portico);

const today = () => new Date().toISOString().slice(0, 10);
const usageOf = async (partnerId: string, query = "") => await asRoot("GET", `/v1/partners/${partnerId}/usage${query}`);

/** The calls by route, of all days. */
function routesOf(body: any): Record<string, number> {
  const routes = new Map<string, number>();
  for (const { method, path, requests } of body.days.flatMap((day: any) => day.routes)) {
    routes.set(`${method} ${path}`, (routes.get(`${method} ${path}`) ?? 0) + Number(requests));
  }
  return Object.fromEntries(routes);
}

const sumOf = (body: any, name: "requests" | "refused"): number =>
  body.days.reduce((sum: number, day: any) => sum + Number(day[name]), 0);

const salesOfAll = async (query = "") => await asRoot("GET", `/v1/usage/all-partners${query}`);

/** The calls of all partners, after the process of the authorizer has added what it has counted. */
async function callsOfAll(token: string) {
  await call("GET", "/v1/usage", { token });
  const { body } = await salesOfAll();
  return { requests: sumOf(body, "requests"), refused: sumOf(body, "refused") };
}

describe("the usage", () => {
  test("of a new partner has thirty days without calls", async () => {
    const { id } = await portico.registerPartner();
    const { status, body } = await usageOf(id);
    expect(status).toBe(200);
    expect(body.to).toBe(today());
    expect(body.days).toHaveLength(30);
    expect([sumOf(body, "requests"), sumOf(body, "refused")]).toEqual([0, 0]);
    expect(body.month).toEqual({ month: today().slice(0, 7), requests: 0, quota: 999_999_999 });
  });

  test(
    "adds up with the calls of a crowd and with the ledger of events",
    async () => {
      const { id, token } = await portico.partnerWithToken();
      const before = await callsOfAll(token);
      await inParallel(50, async (index) => {
        const user = `user-${index}`;
        await create(token, {}, { user });
        if (index % 2 === 0) await extend(token, {}, { user });
        if (index % 5 === 0) await cancel(token, { user });
        // Refused by the operation: a call like any other, without an event.
        if (index % 10 === 0) await create(token, { duration: "P0D" }, { user });
      });
      // Reading adds what the process has counted.
      const read = await call("GET", "/v1/usage", { token });
      const routes = routesOf(read.body);
      const { "GET /v1/usage": reads = 0, ...others } = routes;
      expect(others).toEqual({
        "POST /v1/subscriptions": 55,
        "PUT /v1/subscriptions/{externalUserId}": 25,
        "DELETE /v1/subscriptions/{externalUserId}": 10,
      });
      expect(sumOf(read.body, "requests")).toBe(90 + reads);
      // The reading above and the one here are calls as well.
      expect(await callsOfAll(token)).toEqual({ requests: before.requests + 90 + 2, refused: before.refused });
      expect(read.body.month.requests).toBeGreaterThanOrEqual(90);
      const events = await Promise.all(
        ["created", "extended", "cancelled"].map(async (type) => {
          const { body } = await asRoot("GET", `/v1/partners/${id}/events?limit=100&type=subscription.${type}`);
          return body.items.length as number;
        }),
      );
      // Five creations were refused, and are no events.
      expect(events).toEqual([50, 25, 10]);
      const shown = await usageOf(id, `?from=${read.body.from}&to=${read.body.to}`);
      expect(routesOf(shown.body)).toMatchObject(others);
    },
    crowdTimeoutMs,
  );

  test("counts refused calls apart, and they do not count to the quota", async () => {
    const { id, token } = await portico.partnerWithToken();
    expect((await change(id, { limits: { requestsPerSecond: 1, burst: 2, requestsPerMonth: 2 } })).status).toBe(200);
    const answers = [];
    for (let count = 0; count < 5; count++) answers.push(await call("GET", "/v1/partners/me", { token }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429, 429]);
    // It is refused as well, and adds what the process has counted before.
    expect((await call("GET", "/v1/usage", { token })).status).toBe(429);
    const { body } = await usageOf(id);
    expect(sumOf(body, "refused")).toBe(3);
    // The latest call is taken back once it is refused.
    expect(sumOf(body, "requests")).toBe(3);
    expect(body.month).toMatchObject({ requests: 2, quota: 2 });
  });

  test("of all partners has refused calls, and neither sandboxes nor refused tokens", async () => {
    const partner = await portico.partnerWithToken();
    const limited = await portico.partnerWithToken();
    await change(limited.id, { limits: { requestsPerSecond: 1, burst: 2, requestsPerMonth: 2 } });
    const before = await callsOfAll(partner.token);
    for (let count = 0; count < 4; count++) await call("GET", "/v1/partners/me", { token: limited.token });
    const { token: inSandbox } = await startSandbox();
    for (let count = 0; count < 3; count++) await call("GET", "/v1/partners/me", { token: inSandbox });
    const next = await portico.partnerToken(partner);
    expect((await call("GET", "/v1/partners/me", { token: partner.token })).status).toBe(401);
    // The call that makes the sandbox, and the reading.
    expect(await callsOfAll(next)).toEqual({ requests: before.requests + 2 + 1 + 1, refused: before.refused + 2 });
  });

  test("tells calls with a refused token from those that count", async () => {
    const partner = await portico.partnerWithToken();
    await call("GET", "/v1/partners/me", { token: partner.token });
    const next = await portico.partnerToken(partner);
    expect((await call("GET", "/v1/partners/me", { token: partner.token })).status).toBe(401);
    const { body } = await call("GET", "/v1/usage", { token: next });
    expect(routesOf(body)["GET /v1/partners/me"]).toBe(1);
  });
});

describe("subscriptions and deliveries", () => {
  const types = ["created", "extended", "cancelled", "expired"] as const;
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

  /** The counts of all days by name, and the number of live subscriptions at the end. */
  function salesOf({ days }: any) {
    const sum = (name: string) => days.reduce((total: number, day: any) => total + Number(day.subscriptions[name]), 0);
    const [created, extended, cancelled, expired] = ["sold", "extended", "cancelled", "expired"].map(sum);
    return { created, extended, cancelled, expired, live: days.at(-1).subscriptions.live };
  }

  const attemptsOf = ({ days }: any, name: "succeeded" | "failed"): number =>
    days.reduce((total: number, day: any) => total + Number(day.deliveries[name]), 0);

  test(
    "add up with the ledger of events and with the deliveries",
    async () => {
      const before = salesOf((await salesOfAll()).body);
      const { id, token, endpointId } = await webhooks.partnerWithEndpoint({
        url: receiver.url("/counted"),
        eventTypes: ["subscription.cancelled", "subscription.expired"],
      });
      receiver.reply = () => (receiver.received.length === 1 ? 500 : 204);
      await inParallel(50, async (index) => {
        const user = `customer-${index}`;
        await create(token, {}, { user });
        if (index % 2 === 0) await extend(token, {}, { user });
        if (index % 5 === 0) await cancel(token, { user });
      });
      for (const user of ["short-1", "short-2"]) {
        await create(token, { expiresAt: inSeconds(2), duration: "P1D" }, { user });
      }
      // The first run announces that they are about to expire, and the second one waits until they have.
      for (let run = 0; run < 2; run++) await portico.host.runSchedule("Portico-local-expiry");
      const pages = await allPages((cursor) =>
        call("GET", `/v1/events?limit=100${cursor === undefined ? "" : `&cursor=${cursor}`}`, { token }),
      );
      const events = tally(pages.flat().map(({ type }: any) => type as string));
      const said = Object.fromEntries(types.map((type) => [type, events[`subscription.${type}`] ?? 0]));
      expect(said).toEqual({ created: 52, extended: 25, cancelled: 10, expired: 2 });
      const sold = { ...said, live: 52 - 10 - 2 };
      const { body } = await eventually(
        () => usageOf(id),
        ({ body: shown }) => JSON.stringify(salesOf(shown)) === JSON.stringify(sold),
      );
      expect(body.days.at(-1).subscriptions.live).toBe(40);
      const { body: all } = await salesOfAll();
      for (const name of types) expect(salesOf(all)[name]).toBe(Number(before[name]) + said[name]!);
      expect(salesOf(all).live).toBe(Number(before.live) + 40);
      const delivered = await eventually(
        async () =>
          await allPages((cursor) =>
            call(
              "GET",
              `/v1/webhook-endpoints/${endpointId}/deliveries?limit=100${cursor === undefined ? "" : `&cursor=${cursor}`}`,
              { token },
            ),
          ),
        (lists) => {
          const items: any[] = lists.flat();
          return items.length === 12 && items.every(({ status }) => status === "succeeded");
        },
      );
      const attempts = delivered.flat().flatMap((delivery: any) => delivery.attempts);
      const succeeded = attempts.filter(({ outcome }: any) => outcome === "succeeded").length;
      const { body: counted } = await usageOf(id);
      expect(attempts.length).toBeGreaterThan(succeeded);
      expect([attemptsOf(counted, "succeeded"), attemptsOf(counted, "failed")]).toEqual([
        succeeded,
        attempts.length - succeeded,
      ]);
    },
    crowdTimeoutMs,
  );

  test("of all partners have the same range, and are for administrators", async () => {
    const { body } = await salesOfAll("?from=2026-02-27&to=2026-03-01");
    expect(body.days.map(({ day }: any) => day)).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
    expectProblem(await salesOfAll("?from=2026-03-02&to=2026-03-01"), 422, "validation_failed", ["/from"]);
    const { token } = await portico.partnerWithToken();
    expectProblem(await call("GET", "/v1/usage/all-partners", { token }), 403, "forbidden");
  });

  test("have no number of live subscriptions for days whose counts are gone", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await call("GET", "/v1/usage?from=2024-01-01&to=2024-01-01", { token });
    expect(body.days[0].subscriptions).toEqual({ sold: 0, extended: 0, cancelled: 0, expired: 0, live: null });
    expect(body.days[0].deliveries).toEqual({ succeeded: 0, failed: 0 });
  });
});

describe("a range", () => {
  test("has every day, both ends included", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await call("GET", "/v1/usage?from=2024-02-28&to=2024-03-01", { token });
    expect(body.days.map(({ day }: any) => day)).toEqual(["2024-02-28", "2024-02-29", "2024-03-01"]);
  });

  test.each([
    ["more than ninety days", "from=2026-01-01&to=2026-04-01", ["/from"]],
    ["an end before its beginning", "from=2026-01-02&to=2026-01-01", ["/from"]],
    ["no day", "from=2026-02-30", ["/from"]],
    ["a time", "to=2026-01-01T00:00:00Z", ["/to"]],
  ])("is refused with %s", async (_what, query, pointers) => {
    const { token } = await portico.partnerWithToken();
    expectProblem(await call("GET", `/v1/usage?${query}`, { token }), 422, "validation_failed", pointers);
  });

  test("may have ninety days", async () => {
    const { token } = await portico.partnerWithToken();
    const { body } = await call("GET", "/v1/usage?from=2026-01-01&to=2026-03-31", { token });
    expect(body.days).toHaveLength(90);
  });
});

test("administrators alone read the usage of others, and only of partners that exist", async () => {
  const [one, other] = [await portico.partnerWithToken(), await portico.registerPartner()];
  expectProblem(await call("GET", `/v1/partners/${other.id}/usage`, { token: one.token }), 403, "forbidden");
  expectProblem(await usageOf("ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF"), 404, "not_found");
});
