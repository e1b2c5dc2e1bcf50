/** Expiring and expired subscriptions are announced by the schedule, with the rights of its role. */
import { setTimeout as delay } from "node:timers/promises";
import type { MigrationAnswer, MigrationName } from "../../../shared/migrations/contract.ts";
import { subscriptionKey } from "../../../shared/subscriptions/keys.ts";
import { FaultInjector } from "../../faults/fault-injector.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { partnerCalls } from "../../support/partners.ts";
import { Portico, tally } from "../../support/portico.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { contentsOf, plantChanges } from "../../support/table.ts";
import { crowdTimeoutMs, dayMs } from "../../support/values.ts";

const faults = new FaultInjector();
const portico = Portico.alone({ interceptors: [faults.intercept] });
const { call } = portico;
const { change } = partnerCalls(portico);
const { cancel, create, extend, history, read } = subscriptionCalls(portico);

const run = async () => await portico.host.runSchedule("Portico-local-expiry");

/** The events that time has brought, oldest first, as `type user`. */
async function announced(token: string): Promise<string[]> {
  const pages = await allPages((cursor) =>
    call("GET", `/v1/events?limit=100${cursor === undefined ? "" : `&cursor=${cursor}`}`, { token }),
  );
  return pages
    .flat()
    .filter(({ request }: any) => request === null)
    .map(({ type, data }: any) => `${type} ${data.externalUserId}`)
    .reverse();
}

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
const noticeOf = async (user: string) =>
  (await contentsOf(portico.host)).find(({ pk, sk }) => String(pk).startsWith("SUBSCRIPTIONS#") && sk === user)?.notice;

test("a subscription is announced as expiring, and at its moment as expired, each once", async () => {
  const { token } = await portico.partnerWithToken();
  const { body } = await create(token, { expiresAt: inSeconds(2), duration: "P1D" }, { user: "short" });
  await create(token, {}, { user: "long" });
  expect(await run()).not.toHaveProperty("failure");
  // On a slow machine the moment of the expiry has come by now.
  expect((await announced(token))[0]).toBe("subscription.expiring short");
  // It waits for the moment.
  await run();
  expect(await announced(token)).toEqual(["subscription.expiring short", "subscription.expired short"]);
  await run();
  expect(await announced(token)).toHaveLength(2);
  const { body: page } = await call("GET", "/v1/events?type=subscription.expired", { token });
  expect(page.items[0].data).toMatchObject({ id: body.id, status: "expired", etag: '"1"' });
  expect(page.items[0].createdAt >= body.expiresAt).toBe(true);
  expect((await read(token, "short")).body.etag).toBe('"1"');
});

test("the lead time is the partner's, in its range, for what is sold from then on", async () => {
  const partner = await portico.partnerWithToken();
  const sold = await create(partner.token, {}, { user: "lead-default" });
  const path = `/v1/partners/${partner.id}`;
  const set = (expiryNotice: string) => call("PATCH", path, { token: partner.token, json: { expiryNotice } });
  for (const wrong of ["P0D", "P91D", "P1M", "PT1H", ""]) expectProblem(await set(wrong), 422, "validation_failed");
  expect((await set("P3D")).body.expiryNotice).toBe("P3D");
  await create(partner.token, {}, { user: "lead-own" });
  expect((await change(partner.id, { expiryNotice: "P90D" })).body.expiryNotice).toBe("P90D");
  const late = await create(partner.token, { duration: "P1Y" }, { user: "lead-root" });
  const daysBefore = async (expiresAt: string, user: string) =>
    (Date.parse(expiresAt) - Date.parse((await noticeOf(user)).at)) / dayMs;
  expect(await daysBefore(sold.body.expiresAt, "lead-default")).toBe(7);
  expect(Math.round(await daysBefore(sold.body.expiresAt, "lead-own"))).toBe(3);
  expect(await daysBefore(late.body.expiresAt, "lead-root")).toBe(90);
  await extend(partner.token, {}, { user: "lead-default" });
  const { body } = await read(partner.token, "lead-default");
  expect(await daysBefore(body.expiresAt, "lead-default")).toBeLessThanOrEqual(90);
  expect(await daysBefore(body.expiresAt, "lead-default")).toBeGreaterThan(7);
});

test("a cancelled subscription is not announced, and an extended one at its new moments", async () => {
  const { token } = await portico.partnerWithToken();
  for (const user of ["cancelled", "extended", "erased"]) {
    await create(token, { expiresAt: inSeconds(60), duration: "P1D" }, { user });
  }
  await cancel(token, { user: "cancelled" });
  await extend(token, { duration: "P1M" }, { user: "extended" });
  await call("DELETE", "/v1/subscriptions/erased/personal-data", { token });
  // The erasure keeps the notice; the change that made it due again would repeat it.
  expect((await announced(token)).sort()).toEqual([
    "subscription.expiring cancelled",
    "subscription.expiring extended",
  ]);
  await cancel(token, { user: "erased" });
  await run();
  expect((await announced(token)).sort()).toEqual([
    "subscription.expiring cancelled",
    "subscription.expiring erased",
    "subscription.expiring extended",
  ]);
});

test("what came due while nothing ran is announced afterwards, also by a change that comes first", async () => {
  const { token } = await portico.partnerWithToken();
  for (const user of ["missed", "revived"]) {
    await create(token, { expiresAt: inSeconds(2), duration: "P1D" }, { user });
  }
  await delay(2500);
  await extend(token, {}, { user: "revived" });
  expect((await announced(token)).sort()).toEqual(["subscription.expired revived", "subscription.expiring revived"]);
  const hoursAgo = new Date(Date.now() - 5 * 3_600_000).toISOString().slice(0, 13);
  await plantChanges(portico.host, [[{ put: { ...subscriptionKey.noticePosition(), hour: hoursAgo, revision: 1 } }]]);
  await run();
  await run();
  expect((await announced(token)).sort()).toEqual([
    "subscription.expired missed",
    "subscription.expired revived",
    "subscription.expiring missed",
    "subscription.expiring revived",
  ]);
  const position = (await contentsOf(portico.host, "EXPIRY-POSITION"))[0];
  expect(position?.hour > hoursAgo).toBe(true);
});

test(
  "fifty callers, parallel runs and injected faults neither lose nor repeat an announcement",
  async () => {
    const partner = await portico.registerPartner();
    const token = await portico.partnerToken(partner);
    const users = Array.from({ length: 48 }, (_, index) => `crowd-${index}`);
    await Promise.all(users.map((user) => create(token, { expiresAt: inSeconds(6), duration: "P1D" }, { user })));
    faults.replace(
      [
        { service: "dynamodb", functions: ["expiry"], fault: { kind: "reset", done: true }, probability: 0.2 },
        {
          service: "dynamodb",
          functions: ["expiry"],
          fault: { kind: "cancelled", reason: "TransactionConflict" },
          probability: 0.2,
        },
      ],
      4711,
    );
    await Promise.all([
      ...[1, 2, 3].map(async () => await run()),
      ...users.map(async (user, index) => {
        if (index % 4 === 0) await cancel(token, { user });
        if (index % 4 === 1) await extend(token, { duration: "P1M" }, { user });
      }),
    ]);
    faults.clear();
    for (let count = 0; count < 4; count++) await run();
    const counts = tally(await announced(token));
    const expected = users.flatMap((user, index) => {
      if (index % 4 >= 2) return [`subscription.expired ${user}`, `subscription.expiring ${user}`];
      return [];
    });
    for (const event of expected) expect([event, counts[event]]).toEqual([event, 1]);
    for (const user of users.filter((_, index) => index % 4 < 2)) {
      const [, { at, from }] = await history(token, user);
      // Whoever changes it after its expiry has let it expire before.
      if (at >= from.expiresAt) expect([user, counts[`subscription.expired ${user}`]]).toEqual([user, 1]);
    }
    expect(Object.entries(counts).filter(([event, count]) => count > (event.includes("expiring") ? 2 : 1))).toEqual([]);
    const left = (await contentsOf(portico.host)).filter(
      ({ pk, notice }) => pk === `SUBSCRIPTIONS#${partner.id}` && notice !== undefined,
    );
    expect(left.map(({ sk }) => sk).sort()).toEqual(users.filter((_, index) => index % 4 === 1).sort());
  },
  crowdTimeoutMs,
);

describe("the migrations", () => {
  /** @returns how many items were changed */
  async function migrateAll(migration: MigrationName = "expiry-notice"): Promise<number> {
    const { id } = portico.host.model.functions.find(({ name }) => name.endsWith("-migration"))!;
    const migrate = async (event: object): Promise<MigrationAnswer> => {
      const outcome = await portico.host.invoke(id, { migration, ...event });
      if (!("payload" in outcome)) throw new Error("the migration failed");
      return JSON.parse(outcome.payload) as MigrationAnswer;
    };
    const { segments } = await migrate({ action: "begin" });
    for (const { number } of segments) await migrate({ action: "continue", segment: number });
    const after = await migrate({ action: "status" });
    expect(after.segments.every(({ done }) => done)).toBe(true);
    return after.segments.reduce((sum, { changed }) => sum + changed, 0);
  }

  test("live-count and event-count count what an earlier release has left uncounted, once", async () => {
    const { id, token } = await portico.partnerWithToken();
    for (const user of ["one", "two", "three"]) await create(token, {}, { user });
    await cancel(token, { user: "three" });
    const set = { expression: "REMOVE inLiveCount" };
    await plantChanges(portico.host, [[{ update: subscriptionKey.subscription(id, "one"), set }]]);
    const today = async () => (await call("GET", "/v1/usage", { token })).body.days.at(-1).subscriptions;
    // This host's stream invokes nothing.
    expect(await today()).toMatchObject({ sold: 0, live: 0 });
    expect(await migrateAll("event-count")).toBeGreaterThanOrEqual(4);
    expect(await today()).toMatchObject({ sold: 3, cancelled: 1, live: 2 });
    expect(await migrateAll("live-count")).toBe(1);
    expect(await today()).toMatchObject({ sold: 3, cancelled: 1, live: 3 });
    expect([await migrateAll("event-count"), await migrateAll("live-count")]).toEqual([0, 0]);
  });

  test("expiry-notice adds the notice to live subscriptions that lack it, and to no others", async () => {
    const partner = await portico.partnerWithToken();
    await create(partner.token, {}, { user: "earlier" });
    await create(partner.token, {}, { user: "over" });
    await cancel(partner.token, { user: "over" });
    const before = await noticeOf("earlier");
    const set = { expression: "REMOVE notice, gsi2pk, gsi2sk" };
    await plantChanges(portico.host, [[{ update: subscriptionKey.subscription(partner.id, "earlier"), set }]]);
    expect(await migrateAll()).toBe(1);
    expect(await noticeOf("earlier")).toEqual(before);
    expect(await noticeOf("over")).toBeUndefined();
    expect(await migrateAll()).toBe(0);
    // A subscription of an earlier release can be changed before it is migrated.
    await plantChanges(portico.host, [[{ update: subscriptionKey.subscription(partner.id, "earlier"), set }]]);
    expect((await extend(partner.token, {}, { user: "earlier" })).status).toBe(200);
    expect(await noticeOf("earlier")).toMatchObject({ type: "expiring" });
  });
});
