/** Also the tests of `usage/read-of-partner`. */
import { setTimeout as delay } from "node:timers/promises";
import { expectProblem } from "../../support/expect-problem.ts";
import { partnerCalls } from "../../support/partners.ts";
import { inParallel, Portico } from "../../support/portico.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { eventually } from "../../support/waiting.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

// Each process adds what it has counted with a later call, and with one process that is the next one.
const portico = Portico.alone({ processesPerFunction: 1 });
const { call } = portico;
const { asRoot, change } = partnerCalls(portico);
const { cancel, create, extend } = subscriptionCalls(portico);

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
      await inParallel(50, async (index) => {
        const user = `user-${index}`;
        await create(token, {}, { user });
        if (index % 2 === 0) await extend(token, {}, { user });
        if (index % 5 === 0) await cancel(token, { user });
        // Refused by the operation: a call like any other, without an event.
        if (index % 10 === 0) await create(token, { duration: "P0D" }, { user });
      });
      // The calls of the last five seconds wait for a later call.
      const read = await eventually(
        async () => {
          await delay(1000);
          return await call("GET", "/v1/usage", { token });
        },
        ({ body }) => routesOf(body)["DELETE /v1/subscriptions/{externalUserId}"] === 10,
      );
      const routes = routesOf(read.body);
      const { "GET /v1/usage": reads = 0, ...others } = routes;
      expect(others).toEqual({
        "POST /v1/subscriptions": 55,
        "PUT /v1/subscriptions/{externalUserId}": 25,
        "DELETE /v1/subscriptions/{externalUserId}": 10,
      });
      expect(sumOf(read.body, "requests")).toBe(90 + reads);
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
    const { body } = await eventually(
      async () => {
        await delay(1000);
        // Sends what has waited; it is refused as well.
        await call("GET", "/v1/banks");
        await call("GET", "/v1/partners/me", { token });
        return await usageOf(id);
      },
      ({ body: shown }) => sumOf(shown, "refused") >= 3 && sumOf(shown, "requests") <= 3,
    );
    expect(body.month).toMatchObject({ requests: 2, quota: 2 });
  });

  test("tells calls with a refused token from those that count", async () => {
    const partner = await portico.partnerWithToken();
    await call("GET", "/v1/partners/me", { token: partner.token });
    const next = await portico.partnerToken(partner);
    expect((await call("GET", "/v1/partners/me", { token: partner.token })).status).toBe(401);
    const { body } = await eventually(
      async () => {
        await delay(1000);
        return await call("GET", "/v1/usage", { token: next });
      },
      ({ body: shown }) => (routesOf(shown)["GET /v1/usage"] ?? 0) > 1,
    );
    expect(routesOf(body)["GET /v1/partners/me"]).toBe(1);
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
