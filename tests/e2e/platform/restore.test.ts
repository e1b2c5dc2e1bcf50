/**
 * The rehearsal of a restore: work goes on after a snapshot, the snapshot comes into use beside today's secrets, and no promise is
 * broken. On AWS the same tool compares and carries over; only the snapshot and the deployment are AWS's.
 */
import { checkLedger } from "../../../infra/checks/ledger.ts";
import { carriedItems, compareTables, type Loss } from "../../../infra/restore/compare.ts";
import type { Answer } from "../../support/answer.ts";
import { couponCalls } from "../../support/coupons.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson, newUser, refresh, sessionOf, type TestSession, type TestUser } from "../../support/people.ts";
import { Portico, inParallel, type TestPartner } from "../../support/portico.ts";
import { deployWith, removeDeployments, snapshotTable, tableOf, tablesOf } from "../../support/restore.ts";

const portico = Portico.alone();
const { call } = portico;
const coupons = couponCalls(portico);
afterAll(removeDeployments);

const restored = "Portico-local-restored";

const sale = (externalUserId: string) => ({ externalUserId, userEmail: "ada@example.com", duration: "P1M" });
const sell = (token: string, externalUserId: string): Promise<Answer> =>
  call("POST", "/v1/subscriptions", {
    token,
    json: sale(externalUserId),
    headers: { "idempotency-key": `order-${externalUserId}` },
  });
interface World {
  readonly seller: TestPartner;
  readonly suspended: TestPartner;
  readonly rekeyed: TestPartner;
  readonly deleted: TestPartner;
  readonly user: TestUser;
  readonly demoted: TestUser;
  readonly crowd: readonly TestUser[];
  readonly session: TestSession;
  /** Of somebody to whom nothing has happened since. */
  readonly bystander: TestSession;
  readonly coupon: { readonly id: string; readonly code: string };
  readonly revokedToken: string;
  latestToken: string;
  newSecret: string;
  losses: readonly Loss[];
}
let world: World;

/** Before the moment that the restore goes back to. */
async function workBefore(): Promise<World> {
  const [seller, suspended, rekeyed, deleted] = await inParallel(4, () => portico.registerPartner());
  const user = await newUser(portico, { credit: 100 });
  const demoted = await newUser(portico, {}, "admin");
  const token = await portico.partnerToken(seller!);
  expect((await sell(token, "before")).status).toBe(201);
  return {
    seller: seller!,
    suspended: suspended!,
    rekeyed: rekeyed!,
    deleted: deleted!,
    user,
    demoted,
    crowd: await inParallel(5, () => newUser(portico, { credit: 100 })),
    session: await sessionOf(portico, user),
    bystander: await newPerson(portico),
    coupon: await coupons.newCoupon({ quantity: 3 }),
    revokedToken: token,
    latestToken: token,
    newSecret: "",
    losses: [],
  };
}

/** After that moment: all of it is lost. */
async function workAfter(): Promise<void> {
  const { seller, suspended, rekeyed, deleted, demoted, user, session, coupon } = world;
  const asRoot = async (method: string, path: string, json?: unknown) => {
    const { status, text, body } = await portico.callAsRoot(method, path, json);
    if (status >= 300) throw new Error(text);
    return body;
  };
  await asRoot("POST", `/v1/partners/${seller.id}/revoke-tokens`, {});
  await asRoot("PATCH", `/v1/partners/${suspended.id}`, { status: "suspended" });
  world.newSecret = (await asRoot("POST", `/v1/partners/${rekeyed.id}/secret`, { gracePeriod: "PT0S" })).clientSecret;
  await asRoot("DELETE", `/v1/partners/${deleted.id}`);
  await asRoot("PATCH", `/v1/users/${demoted.id}`, { role: "user" });
  await asRoot("POST", `/v1/users/${user.id}/credit`, { amount: 5, reason: "Thank you" });
  expect((await coupons.redeem(session.accessToken, coupon.code)).status).toBe(201);
  await call("POST", "/v1/auth/logout", { token: session.accessToken });
  world.latestToken = await portico.partnerToken(seller);
  expect((await sell(world.latestToken, "after")).status).toBe(201);
}

beforeAll(async () => {
  world = await workBefore();
  await snapshotTable(portico, restored);
  await workAfter();
  portico.host.setReadOnly(true);
  const tables = tablesOf(portico);
  const [now, before] = await Promise.all([tables.items(tableOf(portico)), tables.items(restored)]);
  world.losses = compareTables(now, before);
  await tables.put(restored, carriedItems(now, before));
  const tokensFrom = `${new Date().toISOString().slice(0, 19)}Z`;
  await deployWith(portico, { restoredTable: restored, tokensFrom });
}, 180_000);

const linesOf = (title: string): readonly string[] => world.losses.find((loss) => loss.title === title)?.lines ?? [];

test("the comparison names what an administrator and the partners do again", () => {
  const { seller, suspended, rekeyed, deleted, demoted, user, coupon } = world;
  expect(linesOf("Suspended, deleted or reactivated since")).toEqual(
    expect.arrayContaining([`${suspended.id}: active → suspended`, `${deleted.id}: active → deleted`]),
  );
  expect(linesOf("Role changed since")).toEqual([`${demoted.id}: admin → user`]);
  expect(linesOf("Client secret changed since")).toEqual([rekeyed.id]);
  expect(linesOf("Credit movement lost")).toEqual([expect.stringMatching(new RegExp(`^${user.id}: 5 at `))]);
  expect(linesOf("Redemption lost")).toEqual([expect.stringMatching(new RegExp(`^${user.id}: ${coupon.id} for 10 `))]);
  expect(linesOf("Subscription change lost")).toEqual([
    expect.stringMatching(new RegExp(`^${seller.id}: created at `)),
  ]);
  expect(linesOf("Idempotency record lost")).toContain(`${seller.id} subscriptions.create: 1 records`);
});

test("the stage stays read-only through the deployment", async () => {
  const token = await portico.partnerToken(world.seller);
  expectProblem(await sell(token, "meanwhile"), 503, "read_only");
});

test("no token from before the restore is valid, whatever the restored table says", async () => {
  for (const token of [world.revokedToken, world.latestToken, world.bystander.accessToken]) {
    const path = token === world.bystander.accessToken ? "/v1/users/me" : "/v1/subscriptions";
    const answer = await call("GET", path, { token });
    expectProblem(answer, 401, "token_revoked");
  }
});

test("introspection calls them inactive, and a new token active", async () => {
  const { id: client_id, secret: client_secret } = world.seller;
  const introspect = async (token: string) =>
    (await call("POST", "/oauth/introspect", { form: { client_id, client_secret, token } })).body.active as boolean;
  expect(await introspect(world.latestToken)).toBe(false);
  expect(await introspect(await portico.partnerToken(world.seller))).toBe(true);
});

test("no session continues", async () => {
  for (const { refreshToken } of [world.session, world.bystander]) {
    const answer = await refresh(portico, refreshToken);
    expect(answer).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  }
});

test.each(["suspended", "deleted"] as const)("a partner that was %s since gets no token", async (which) => {
  expect((await portico.requestToken(world[which])).body).toMatchObject({ error: "invalid_client" });
});

test("today's client secret works, and the withdrawn one does not", async () => {
  const { rekeyed } = world;
  expect((await portico.requestToken({ ...rekeyed, secret: world.newSecret })).status).toBe(200);
  expect((await portico.requestToken(rekeyed)).body).toMatchObject({ error: "invalid_client" });
});

test("a demoted administrator is none", async () => {
  const { accessToken: token } = await sessionOf(portico, world.demoted);
  expectProblem(await call("GET", "/v1/partners", { token }), 403, "forbidden");
});

describe("with writes allowed again", () => {
  beforeAll(() => portico.host.setReadOnly(false));

  test("a sale from before is replayed, and a lost one is made anew, once", async () => {
    const token = await portico.partnerToken(world.seller);
    const before = await sell(token, "before");
    expect([before.status, before.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
    const answers = await inParallel(50, () => sell(token, "after"));
    const made = answers.filter(
      ({ status, headers }) => status === 201 && headers.get("idempotency-replayed") === null,
    );
    expect(made).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 201 && status !== 409)).toEqual([]);
    const { body } = await call("GET", "/v1/subscriptions", { token });
    expect(body.items.map(({ externalUserId }: { externalUserId: string }) => externalUserId).sort()).toEqual([
      "after",
      "before",
    ]);
  });

  test("a coupon is not oversold against the redemptions that were promised", async () => {
    const { coupon } = world;
    const root = await sessionOf(portico, portico.host.rootSignIn!);
    const asRoot = (method: string, path: string, json?: unknown) =>
      call(method, path, { token: root.accessToken, ...(json !== undefined && { json }) });
    const sessions = await Promise.all(world.crowd.map((user) => sessionOf(portico, user)));
    const crowd = sessions.map(({ accessToken }) => accessToken);
    expectProblem(await coupons.redeem(crowd[0]!, coupon.code), 409, "coupon_inactive");
    const lost = linesOf("Redemption lost").length;
    const changed = await asRoot("PATCH", `/v1/coupons/${coupon.id}`, { active: true, quantity: 3 - lost });
    expect(changed.status).toBe(200);
    const answers = await Promise.all(crowd.map((token) => coupons.redeem(token, coupon.code)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3 - lost);
  });

  test("the ledger adds up", async () => {
    const items = await tablesOf(portico).items(restored);
    const report = checkLedger(items, items);
    expect(report.faults).toEqual([]);
    expect(report.redemptions).toBeGreaterThan(0);
  });

  test("the former table is left as it was", async () => {
    const items = await tablesOf(portico).items(tableOf(portico));
    expect(items.filter(({ pk, sk }) => String(pk).startsWith("SUBSCRIPTIONS#") && sk === "after")).toHaveLength(1);
  });
});
