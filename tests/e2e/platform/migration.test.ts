/** The migration `session-start`, with the rights of its role and through the order of `npm run migrate`. */
import { decodeJwt } from "jose";
import { startControl, type OrderServer } from "../../../infra/local/commands/control.ts";
import type { Interceptor } from "../../../infra/local/services/service-proxy.ts";
import { runMigration } from "../../../infra/migrations/migrations.ts";
import { companyKey } from "../../../shared/companies/keys.ts";
import { couponKey } from "../../../shared/coupons/keys.ts";
import { newId } from "../../../shared/domain/ids.ts";
import { identityKey } from "../../../shared/identity/keys.ts";
import type { Session } from "../../../shared/identity/model.ts";
import { sessionCreation } from "../../../shared/identity/session-store.ts";
import {
  beginSession,
  formatRefreshToken,
  hashRefreshToken,
  newRefreshToken,
  parseRefreshToken,
} from "../../../shared/identity/sessions.ts";
import { migrationKey } from "../../../shared/migrations/keys.ts";
import type { MigrationAnswer, MigrationEvent } from "../../../shared/migrations/contract.ts";
import { partnerKey } from "../../../shared/partners/keys.ts";
import type { Item } from "../../../shared/runtime/table.ts";
import { userKey } from "../../../shared/users/keys.ts";
import { userChange } from "../../../shared/users/store.ts";
import { companyCalls } from "../../support/companies.ts";
import { couponCalls } from "../../support/coupons.ts";
import { newSubject } from "../../support/external-tokens.ts";
import { externalSession } from "../../support/oauth-answers.ts";
import { newUser, plantUsers, refresh, sessionOf } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { contentsOf, plantChanges } from "../../support/table.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

const migration = "session-start";
const added = ["createdAt", "authenticatedAt", "signInMethod"];

let onUpdate: (() => void) | undefined;
const watching: Interceptor = async (call, next) => {
  if (call.functionId.endsWith("-migration") && call.action === "UpdateItem") onUpdate?.();
  return await next();
};
const portico = Portico.alone({ interceptors: [watching] });

let control: OrderServer;
beforeAll(async () => {
  control = await startControl(portico.host);
});
afterAll(async () => await control.close());
beforeEach(async () => {
  onUpdate = undefined;
  await plantChanges(
    portico.host,
    Array.from({ length: 8 }, (_, index) => [{ delete: migrationKey.segment(migration, index + 1) }]),
  );
});

async function invoke(event: MigrationEvent): Promise<MigrationAnswer> {
  const response = await fetch(`${control.url}/migrate`, {
    method: "POST",
    headers: { authorization: `Bearer ${control.secret}` },
    body: JSON.stringify({ event }),
  });
  const answer = (await response.json()) as MigrationAnswer & { readonly error?: string };
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}

const run = async (maxEntries = 1000) =>
  await runMigration(invoke, migration, { maxEntries, pauseMs: 0, print: () => undefined });
const changedBy = ({ segments }: MigrationAnswer) => segments.reduce((sum, { changed }) => sum + changed, 0);

const hourAgo = new Date(Date.now() - 3_600_000);

/** Sessions of new users as earlier releases kept them, with a refresh token each. */
async function plantEarlierSessions(count: number): Promise<readonly string[]> {
  const tokens = (await plantUsers(portico, count)).map(({ id }) => newRefreshToken(id, newId("ses_", hourAgo)));
  const start = { clientId: "web", signInMethod: "password", version: 1, maxAgeSeconds: 86_400 } as const;
  await plantChanges(
    portico.host,
    tokens.map((token) => [sessionCreation(withoutStart(beginSession(token, start, hourAgo)))]),
  );
  return tokens.map(formatRefreshToken);
}

function withoutStart({ createdAt: _c, authenticatedAt: _a, signInMethod: _s, ...session }: Session): Session {
  return session as Session;
}

async function storedSessions(): Promise<readonly Item[]> {
  return (await contentsOf(portico.host)).filter(({ pk }) => String(pk).startsWith("SESSIONS#"));
}
const incomplete = async () =>
  (await storedSessions()).filter((item) => added.some((name) => item[name] === undefined));

/** Takes from a session what earlier releases did not keep. */
async function makeEarlier(refreshToken: string): Promise<void> {
  const { userId, sessionId } = parseRefreshToken(refreshToken)!;
  const set = { expression: `REMOVE ${added.join(", ")}` };
  await plantChanges(portico.host, [[{ update: identityKey.session(userId, sessionId), set }]]);
}

test("before the migration, an earlier session is listed and refreshed with the time of its id", async () => {
  const user = await newUser(portico);
  const { accessToken, refreshToken } = await sessionOf(portico, user);
  const path = "/v1/users/me/sessions";
  const before = await portico.call("GET", path, { token: accessToken });
  await makeEarlier(refreshToken);
  expect((await portico.call("GET", path, { token: accessToken })).body).toEqual(before.body);
  const [earlier = ""] = await plantEarlierSessions(1);
  const { status, body } = await refresh(portico, earlier);
  expect(status).toBe(200);
  expect(decodeJwt(body.access_token)["auth_time"]).toBe(Math.floor(hourAgo.getTime() / 1000));
});

test("it adds what sessions lack and leaves everything else", async () => {
  await plantEarlierSessions(3);
  const { refreshToken } = await externalSession(portico, newSubject());
  await makeEarlier(refreshToken);
  const before = await storedSessions();
  const lacking = before.filter((item) => item["signInMethod"] === undefined).length;
  expect(changedBy(await run())).toBe(lacking);
  const after = await storedSessions();
  expect(await incomplete()).toEqual([]);
  expect(after.map((item) => withoutAdded(item))).toEqual(before.map((item) => withoutAdded(item)));
  const external = after.find(({ sk }) => sk === parseRefreshToken(refreshToken)?.sessionId);
  expect(external?.["signInMethod"]).toBe("identity_provider");
  expect(after.filter(({ createdAt }) => createdAt === hourAgo.toISOString()).length).toBeGreaterThanOrEqual(3);
});

function withoutAdded(item: Item): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !added.includes(name)));
}

test("killed in the middle, it continues where it stopped; another round changes nothing", async () => {
  await plantEarlierSessions(60);
  let updates = 0;
  const { id } = portico.host.model.functions.find(({ name }) => name.endsWith("-migration"))!;
  onUpdate = () => {
    if (++updates === 30) portico.host.kill(id);
  };
  await expect(run(10)).rejects.toThrow("the migration failed");
  expect((await incomplete()).length).toBeGreaterThan(0);
  const interrupted = await invoke({ action: "status", migration });
  expect(interrupted.segments.some(({ done }) => !done)).toBe(true);
  const finished = await run(10);
  expect(finished.segments.every(({ done }) => done)).toBe(true);
  expect(await incomplete()).toEqual([]);
  // What was done before the kill is read again from the last checkpoint at the earliest.
  expect(changedBy(finished)).toBeGreaterThanOrEqual(changedBy(interrupted));
  const again = await run();
  expect(again.segments.map(({ revision }) => revision)).not.toEqual(finished.segments.map(({ revision }) => revision));
  expect(changedBy(again)).toBe(0);
  expect(again.segments.reduce((sum, { read }) => sum + read, 0)).toBeGreaterThanOrEqual(60);
}, 60_000);

test("one run has a maximum of entries", async () => {
  await plantUsers(portico, 12);
  const { segments } = await invoke({ action: "begin", migration });
  const steps = segments.map(
    ({ number }) => ({ action: "continue", migration, segment: number, maxEntries: 1 }) as const,
  );
  for (const step of steps) await invoke(step);
  expect((await invoke({ action: "status", migration })).segments.some(({ done }) => !done)).toBe(true);
});

test("of two runs at once both end, and of their writers none loses anything", async () => {
  await plantEarlierSessions(20);
  const answers = await Promise.all([run(5), run(5)]);
  for (const { segments } of answers) expect(segments.every(({ done }) => done)).toBe(true);
  expect(await incomplete()).toEqual([]);
}, 60_000);

test(
  "50 refreshes at the same time lose nothing, and undo nothing",
  async () => {
    const tokens = await plantEarlierSessions(50);
    const [answers] = await Promise.all([inParallel(50, (index) => refresh(portico, tokens[index]!)), run(10)]);
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 50 });
    expect(await incomplete()).toEqual([]);
    const stored = new Map((await storedSessions()).map((item) => [item["sk"], item]));
    for (const { body } of answers) {
      const next = parseRefreshToken(body.refresh_token)!;
      const expected = { generation: 2, tokenHash: hashRefreshToken(next), createdAt: hourAgo.toISOString() };
      expect(stored.get(next.sessionId)).toMatchObject({ ...expected, signInMethod: "password" });
    }
  },
  crowdTimeoutMs,
);

test("an unknown migration or action is refused", async () => {
  const unknown = { action: "begin", migration: "nothing" } as unknown as MigrationEvent;
  await expect(invoke(unknown)).rejects.toThrow();
  const { id } = portico.host.model.functions.find(({ name }) => name.endsWith("-migration"))!;
  expect(await portico.host.invoke(id, unknown)).toMatchObject({
    failure: { errorMessage: "the event is not one that `npm run migrate` sends" },
  });
});

test("users and partners of earlier releases are found after their migrations, and later changes stay", async () => {
  const [user, renamed] = await plantUsers(portico, 2);
  const partner = await portico.registerPartner({ name: "Earlier" });
  const withoutPlace = { expression: "REMOVE gsi1pk, gsi1sk" };
  const { pk, sk } = partnerKey.partnerEmail(partner.email);
  const earlier = [
    ...[user!, renamed!].flatMap(({ id, username }) => [userKey.userPlace(id), userKey.username(username)]),
    partnerKey.partner(partner.id),
    { pk, sk },
  ];
  await plantChanges(
    portico.host,
    earlier.map((key) => [{ update: key, set: withoutPlace }]),
  );
  const find = async (path: string) => (await portico.callAsRoot("GET", path)).body.items.map(({ id }: any) => id);
  expect(await find(`/v1/users?search=${user!.username}`)).toEqual([]);
  const runAll = async () =>
    await Promise.all(
      (["user-search", "partner-search"] as const).map((name) =>
        runMigration(invoke, name, { maxEntries: 1000, pauseMs: 0, print: () => undefined }),
      ),
    );
  await plantChanges(portico.host, [userChange(renamed!, { ...renamed!, name: "Octavia", revision: 2 })]);
  // The place of the renamed user is up to date, so five items lack theirs.
  expect((await runAll()).map(changedBy)).toEqual([3, 2]);
  expect(await find(`/v1/users?search=${user!.username}`)).toEqual([user!.id]);
  expect(await find(`/v1/users?search=${renamed!.username}`)).toEqual([renamed!.id]);
  expect(await find("/v1/users?search=octavia")).toEqual([renamed!.id]);
  expect(await find(`/v1/partners?search=${partner.email}`)).toEqual([partner.id]);
  expect(await find("/v1/partners?search=earlier")).toEqual([partner.id]);
  expect((await runAll()).map(changedBy)).toEqual([0, 0]);
}, 60_000);

test("coupons and companies of earlier releases are found after their migrations, and later changes stay", async () => {
  const { companyWith, create } = companyCalls(portico);
  const { newCoupon, change } = couponCalls(portico);
  const { company, partnerId, token } = await companyWith();
  const other = (await create(token, { name: "Banco" })).body;
  const [coupon, renamed] = [await newCoupon({ name: "Earlier" }), await newCoupon({ name: "Before" })];
  const without = (index: string) => ({ expression: `REMOVE ${index}pk, ${index}sk` });
  await plantChanges(portico.host, [
    ...[company.id, other.id].map((id) => [{ update: companyKey.company(partnerId, id), set: without("gsi1") }]),
    ...[coupon.id, renamed.id].map((id) => [{ update: couponKey.coupon(id), set: without("gsi2") }]),
  ]);
  const find = async (path: string) => (await portico.callAsRoot("GET", path)).body.items.map(({ id }: any) => id);
  const companies = `/v1/partners/${partnerId}/companies`;
  expect(await find("/v1/coupons?search=earlier")).toEqual([]);
  expect(await find(`${companies}?sort=name`)).toEqual([]);
  await change(renamed.id, { name: "Octopus" });
  const runAll = async () =>
    await Promise.all(
      (["coupon-search", "company-search"] as const).map((name) =>
        runMigration(invoke, name, { maxEntries: 1000, pauseMs: 0, print: () => undefined }),
      ),
    );
  // The renamed coupon has got its place by that.
  expect((await runAll()).map(changedBy)).toEqual([1, 2]);
  expect(await find("/v1/coupons?search=earlier")).toEqual([coupon.id]);
  expect(await find("/v1/coupons?search=octopus")).toEqual([renamed.id]);
  expect(await find(`${companies}?sort=name`)).toEqual([other.id, company.id]);
  expect((await runAll()).map(changedBy)).toEqual([0, 0]);
}, 60_000);
