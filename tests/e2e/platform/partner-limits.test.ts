/** Limits of partners: rate, burst and monthly quota, as callers meet them. */
import { FaultInjector } from "../../faults/fault-injector.ts";
import type { Answer } from "../../support/answer.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { partnerCalls } from "../../support/partners.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

const faults = new FaultInjector();
// More processes than cores: what they know of each other is in the counters alone.
const portico = Portico.alone({ interceptors: [faults.intercept], processesPerFunction: 4 });
const { call } = portico;
const { asRoot, change, read } = partnerCalls(portico);

afterEach(() => faults.clear());

const localDefaults = { requestsPerSecond: 5000, burst: 50_000, requestsPerMonth: 999_999_999 };
const tight = { requestsPerSecond: 5, burst: 10, requestsPerMonth: 1_000_000 };

async function partnerWith(limits: object): Promise<{ readonly id: string; readonly token: string }> {
  const partner = await portico.partnerWithToken();
  expect((await change(partner.id, { limits })).status).toBe(200);
  return partner;
}

/** The log lines of counters that did not answer. */
const failures = () =>
  portico.logs.flatMap((text) => text.split("\n")).filter((line) => line.includes("limits_unavailable"));

const self = (token: string) => call("GET", "/v1/partners/me", { token });

/** The members of a structured field: name → parameters. */
function fieldOf({ headers }: Answer, name: string): Record<string, Record<string, number>> {
  const members = (headers.get(name) ?? "").split(", ").map((member) => {
    const [, key = "", parameters = ""] = /^"([a-z]+)"((?:;[a-z]=[0-9]+)+)$/.exec(member) ?? [];
    const pairs = parameters.split(";").slice(1);
    return [key, Object.fromEntries(pairs.map((pair) => [pair.slice(0, 1), Number(pair.slice(2))]))] as const;
  });
  return Object.fromEntries(members);
}

describe("the headers", () => {
  test("tell a partner its limits and what is left of them", async () => {
    const { token } = await partnerWith({ requestsPerSecond: 1, burst: 60, requestsPerMonth: 5000 });
    const first = await self(token);
    const second = await self(token);
    expect(fieldOf(first, "ratelimit-policy")).toEqual({
      burst: { q: 60, w: 60 },
      month: { q: 5000, w: expect.any(Number) },
    });
    const left = fieldOf(second, "ratelimit");
    expect(left).toEqual({
      burst: { r: expect.any(Number), t: expect.any(Number) },
      month: { r: 4998, t: expect.any(Number) },
    });
    expect(left["burst"]!["r"]).toBeGreaterThanOrEqual(58);
    expect(left["burst"]!["r"]).toBeLessThan(60);
  });

  test("are on refusals as well, and not on answers to users and to anybody", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = await Promise.all([
      call("GET", "/v1/subscriptions/nobody", { token }),
      asRoot("GET", "/v1/users/me"),
      call("GET", "/health"),
    ]);
    expect(answers.map(({ headers }) => headers.has("ratelimit") && headers.has("ratelimit-policy"))).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("an administrator", () => {
  test("gives a partner limits, which the partner sees, and takes them back", async () => {
    const partner = await portico.partnerWithToken();
    expect((await read(partner.id)).body.limits).toEqual(localDefaults);
    const changed = await change(partner.id, { limits: tight });
    expect(changed.body.limits).toEqual(tight);
    const same = await change(partner.id, { limits: tight });
    expect(same.body.etag).toBe(changed.body.etag);
    expect((await self(partner.token)).body.limits).toEqual(tight);
    expect((await change(partner.id, { limits: null })).body).toMatchObject({
      limits: localDefaults,
      hasOwnLimits: false,
    });
    const { body } = await asRoot("GET", `/v1/audit?target=${partner.id}`);
    const own = { requestsPerSecond: 5, burst: 10, requestsPerMonth: 1_000_000 };
    const none = { requestsPerSecond: null, burst: null, requestsPerMonth: null };
    expect(body.items.slice(0, 2)).toMatchObject([
      { before: own, after: none },
      { before: none, after: own },
    ]);
  });

  test.each([
    ["a member is missing", { requestsPerSecond: 5, burst: 10 }, ["/limits/requestsPerMonth"]],
    ["the rate is zero", { ...tight, requestsPerSecond: 0 }, ["/limits/requestsPerSecond", "/limits/burst"]],
    ["the rate is no whole number", { ...tight, requestsPerSecond: 2.5 }, ["/limits/requestsPerSecond"]],
    ["the burst is too small", { ...tight, burst: 9 }, ["/limits/burst"]],
    ["the burst is too big", { ...tight, burst: 301 }, ["/limits/burst"]],
    ["the quota is too big", { ...tight, requestsPerMonth: 1e9 }, ["/limits/requestsPerMonth"]],
    ["a member is unknown", { ...tight, perDay: 5 }, ["/limits/perDay"]],
  ])("is refused if %s", async (_what, limits, pointers) => {
    const { id } = await portico.registerPartner();
    expectProblem(await change(id, { limits }), 422, "validation_failed", pointers);
  });

  test("is the only one who may: a partner is refused", async () => {
    const partner = await portico.partnerWithToken();
    const answer = await call("PATCH", `/v1/partners/${partner.id}`, { token: partner.token, json: { limits: tight } });
    expectProblem(answer, 403, "forbidden");
  });
});

test(
  "the rate and the burst hold within 10 % at fifty parallel callers, and refused calls change nothing",
  async () => {
    const { id, token } = await partnerWith(tight);
    const other = await portico.partnerWithToken();
    const failuresBefore = failures().length;
    const answers: Answer[] = [];
    const since = performance.now();
    await inParallel(50, async (caller) => {
      for (let count = 0; count < 8; count++) {
        const json = { externalUserId: `user-${caller}-${count}`, userEmail: "a@b.example", duration: "P1M" };
        answers.push(await call("POST", "/v1/subscriptions", { token, json }));
      }
    });
    const seconds = (performance.now() - since) / 1000;
    const created = answers.filter(({ status }) => status === 201);
    expect(created.length).toBeGreaterThanOrEqual(tight.burst);
    // On a busy machine a lease may take too long: then one process goes on alone for a second.
    const alone = (failures().length - failuresBefore) * tight.requestsPerSecond;
    expect(created.length).toBeLessThanOrEqual(1.1 * (tight.burst + tight.requestsPerSecond * seconds) + alone);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expectProblem(answer, 429, "rate_limited");
      expect(answer.headers.get("retry-after")).toBe("1");
      expect(fieldOf(answer, "ratelimit")).toMatchObject({ burst: { r: 0, t: 1 } });
    }
    const subscriptions = await allPages((cursor) =>
      asRoot("GET", `/v1/partners/${id}/subscriptions?limit=100${cursor === undefined ? "" : `&cursor=${cursor}`}`),
    );
    expect(subscriptions.flat()).toHaveLength(created.length);
    // Its neighbour is served.
    expect((await self(other.token)).status).toBe(200);
  },
  crowdTimeoutMs,
);

test(
  "the monthly quota is never exceeded by fifty parallel callers, and a higher one counts at once",
  async () => {
    const { id, token } = await partnerWith({ requestsPerSecond: 1000, burst: 5000, requestsPerMonth: 40 });
    const answers = await inParallel(50, () => self(token));
    const { 200: allowed = 0, 429: refused = 0 } = tally(answers.map(({ status }) => status));
    expect(allowed + refused).toBe(50);
    expect(allowed).toBeLessThanOrEqual(40);
    expect(allowed).toBeGreaterThanOrEqual(36);
    const last = answers.find(({ status }) => status === 429)!;
    expectProblem(last, 429, "quota_exceeded");
    const { month } = fieldOf(last, "ratelimit");
    expect(month).toEqual({ r: 0, t: Number(last.headers.get("retry-after")) });
    expect((await change(id, { limits: { ...tight, requestsPerMonth: 100 } })).status).toBe(200);
    expect((await self(token)).status).toBe(200);
  },
  crowdTimeoutMs,
);

describe("counters that do not answer", () => {
  test.each([
    ["are throttled", { kind: "error", code: "ProvisionedThroughputExceededException" }],
    ["fail", { kind: "error", code: "InternalServerError" }],
    ["are silent", { kind: "silence", done: false }],
  ] as const)("stop nobody: they %s", async (_what, fault) => {
    const { token } = await partnerWith({ ...tight, requestsPerMonth: 1 });
    faults.replace([{ functions: ["authorizer"], actions: ["UpdateItem"], keyPrefix: "LIMITS#", fault }]);
    expect((await self(token)).status).toBe(200);
    expect((await self(token)).status).toBe(200);
    faults.clear();
    expect(failures().length).toBeGreaterThan(0);
    expect(JSON.parse(failures().at(-1)!)).toMatchObject({ level: "ERROR", failures: 1, operation: "authorizer" });
  });
});
