/** The end of a sandbox by its partner: what goes with it, and what begins anew. */
import { verdict } from "../../support/answer.ts";
import { companyCalls } from "../../support/companies.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { partnerCalls } from "../../support/partners.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { sandboxCalls, type TestSandbox } from "../../support/sandboxes.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { contentsOf } from "../../support/table.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { acceptsSecret, asRoot, change, read, remove: removePartner, self, verdicts } = partnerCalls(portico);
const { advance, startSandbox } = sandboxCalls(portico);
const subscriptions = subscriptionCalls(portico);
const companies = companyCalls(portico);

const create = (token: string) => call("POST", "/v1/sandbox", { token });
const remove = (token: string) => call("DELETE", "/v1/sandbox", { token });

/** The families of the items whose keys name one of the ids, without events, which expire. */
/** What expires by itself. */
const expiring = new Set(["CREATION-LOCK", "EVENTS"]);

async function familiesOf(...ids: readonly string[]): Promise<readonly string[]> {
  const items = (await contentsOf(portico.host)).map(({ pk, sk }) => [String(pk), String(sk)] as const);
  const named = items.filter(([pk, sk]) => ids.some((id) => pk.includes(id) || sk.includes(id)));
  return [...new Set(named.map(([pk]) => pk.split("#")[0] as string))].filter((name) => !expiring.has(name));
}

/** Fills a sandbox with everything that it can hold. @returns the id of its webhook endpoint */
async function fill({ token }: TestSandbox): Promise<string> {
  expect((await subscriptions.create(token)).status).toBe(201);
  await subscriptions.create(token, {}, { user: "ended" });
  await call("DELETE", "/v1/subscriptions/ended", { token });
  for (let count = 0; count < 2; count++) expect((await companies.create(token)).status).toBe(201);
  const json = { url: "https://shop.example/webhooks" };
  const { body: endpoint } = await call("POST", "/v1/webhook-endpoints", { token, json });
  expect((await call("POST", `/v1/webhook-endpoints/${endpoint.id}/test`, { token })).status).toBe(200);
  expect((await advance(token, { by: "P1D" })).status).toBe(200);
  return endpoint.id as string;
}

test("takes everything along that the sandbox holds, and the live partner begins anew", async () => {
  const sandbox = await startSandbox({ time: "2030-01-01T00:00:00Z" });
  const { live, id, secret, token } = sandbox;
  await subscriptions.create(live.token, {}, { user: "live" });
  const endpointId = await fill(sandbox);
  const answer = await remove(live.token);
  expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
  expect(await verdicts([token])).toEqual(["401 token_revoked"]);
  expect(await acceptsSecret(id, secret)).toBe(false);
  expect(await familiesOf(id, endpointId)).toEqual([]);
  for (const gone of [await remove(live.token), await call("GET", "/v1/sandbox", { token: live.token })]) {
    expectProblem(gone, 404, "not_found");
  }
  expectProblem(await call("POST", "/v1/sandbox/secret", { token: live.token }), 404, "not_found");
  expectProblem(await read(id), 404, "not_found");
  expect((await self(live.token)).body).toMatchObject({ sandboxId: null, etag: '"3"' });
  const { body: own } = await call("GET", "/v1/subscriptions", { token: live.token });
  expect(own.items).toMatchObject([{ externalUserId: "live" }]);

  const next = await create(live.token);
  expect([next.status, next.body.id === id]).toEqual([201, false]);
  const nextToken = await portico.partnerToken({ id: next.body.id, secret: next.body.clientSecret });
  for (const list of ["subscriptions", "companies", "webhook-endpoints", "events?type=subscription.created"]) {
    expect([list, (await call("GET", `/v1/${list}`, { token: nextToken })).body.items]).toEqual([list, []]);
  }
});

test("is audited once, and told by events of both partners", async () => {
  const { live, id } = await startSandbox();
  await remove(live.token);
  await remove(live.token);
  const { body } = await asRoot("GET", `/v1/audit?target=${id}`);
  expect(body.items).toMatchObject([
    { operation: "sandbox.delete", actor: { id: live.id }, before: { sandboxOf: live.id }, after: null },
    { operation: "sandbox.create" },
  ]);
  const { body: events } = await call("GET", "/v1/events?type=partner.changed", { token: live.token });
  expect(events.items).toHaveLength(2);
});

test("is refused to a sandbox, without its scope, and to a suspended partner", async () => {
  const { live, token, id } = await startSandbox();
  expectProblem(await remove(token), 409, "live_partner_required");
  expectProblem(await remove(await portico.partnerToken(live, "events:read")), 403, "insufficient_scope");
  await change(live.id, { status: "suspended" });
  expectProblem(await remove(live.token), 401, "token_revoked");
  await change(live.id, { status: "active" });
  expect((await read(id)).body).toMatchObject({ id, status: "active" });
});

test("of fifty parallel deletions at least one succeeds, and nothing is left", async () => {
  const sandbox = await startSandbox();
  const endpointId = await fill(sandbox);
  const answers = await inParallel(50, () => remove(sandbox.live.token));
  const outcomes = tally(answers.map(verdict));
  expect(Object.keys(outcomes).filter((each) => each !== "204" && each !== "404 not_found")).toEqual([]);
  expect(outcomes["204"]).toBeGreaterThanOrEqual(1);
  expect(await familiesOf(sandbox.id, endpointId)).toEqual([]);
  expect((await create(sandbox.live.token)).status).toBe(201);
});

test("among fifty parallel sales, deletions and creations leaves at most one sandbox, and nothing of others", async () => {
  const { live, id, token } = await startSandbox();
  const calls = [
    (user: string) => subscriptions.create(token, {}, { user }),
    () => companies.create(token),
    () => remove(live.token),
    () => create(live.token),
  ];
  const answers = await inParallel(50, (index) => calls[index % calls.length]!(`user-${index}`));
  const allowed = /^(201|204|404 not_found|409 sandbox_exists|401 token_revoked)$/;
  expect(answers.map(verdict).filter((each) => !allowed.test(each))).toEqual([]);
  expect(await familiesOf(id)).toEqual([]);
  const left = (await contentsOf(portico.host)).filter(({ sandboxOf }) => sandboxOf === live.id);
  const { sandboxId } = (await self(live.token)).body;
  expect(left.map((partner) => partner.id)).toEqual(sandboxId === null ? [] : [sandboxId]);
  if (sandboxId !== null) expect((await remove(live.token)).status).toBe(204);
  expect((await removePartner(live.id)).status).toBe(204);
});
