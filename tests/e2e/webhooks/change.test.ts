/** Changes of endpoints, their secrets and their end. Also the tests of `webhooks/delete` and `webhooks/rotate-secret`. */
import { expectProblem } from "../../support/expect-problem.ts";
import { withKey } from "../../support/idempotency.ts";
import { partnerCalls } from "../../support/partners.ts";
import { Portico } from "../../support/portico.ts";
import { contentsOf } from "../../support/table.ts";
import { dayMs } from "../../support/values.ts";
import { unknownEndpointId, webhookCalls } from "../../support/webhooks.ts";

const portico = Portico.forSuite();
const { asRoot } = partnerCalls(portico);
const { change, create, partnerWithEndpoint, read, remove, rotate } = webhookCalls(portico);
const url = "https://shop.example/webhooks/portico?token=abc";

const trailOf = async (target: string): Promise<any[]> =>
  (await asRoot("GET", `/v1/audit?target=${target}`)).body.items.reverse();

describe("a change", () => {
  test("takes the given fields, and is audited without the URL", async () => {
    const { token, endpoint, endpointId } = await partnerWithEndpoint({ url });
    const { secret: _secret, ...before } = endpoint;
    const fields = { url: "https://shop.example/new", eventTypes: ["company.deleted"], status: "disabled" };
    const changed = await change(token, endpointId, fields);
    expect(changed.status).toBe(200);
    expect(changed.body).toEqual({
      ...before,
      ...fields,
      disabledReason: "by_partner",
      updatedAt: changed.body.updatedAt,
      etag: '"2"',
    });
    expect((await read(token, endpointId)).body).toEqual(changed.body);
    const enabled = await change(token, endpointId, { status: "enabled", eventTypes: null });
    expect(enabled.body).toMatchObject({ status: "enabled", disabledReason: null, eventTypes: null, etag: '"3"' });
    const records = await trailOf(endpointId);
    expect(records.map(({ operation }) => operation)).toEqual([
      "webhooks.create",
      "webhooks.change",
      "webhooks.change",
    ]);
    expect(records[1]).toMatchObject({
      before: { url: "[hidden]", eventTypes: "all", status: "enabled", disabledReason: null },
      after: { url: "[hidden]", eventTypes: "company.deleted", status: "disabled", disabledReason: "by_partner" },
    });
    expect(JSON.stringify(records)).not.toContain("token=abc");
  });

  test("honours If-Match, and a no-op keeps the etag", async () => {
    const { token, endpointId } = await partnerWithEndpoint({ url, eventTypes: ["company.created"] });
    const same = { url, eventTypes: ["company.created"], status: "enabled" };
    expect((await change(token, endpointId, same)).body.etag).toBe('"1"');
    expectProblem(await change(token, endpointId, { url }, { "if-match": '"7"' }), 412, "precondition_failed");
    const { body } = await change(token, endpointId, { description: "x" }, { "if-match": '"1"' });
    expect(body.etag).toBe('"2"');
  });

  test.each([
    [{ url: "ftp://shop.example/" }, "/url"],
    [{ url: null }, "/url"],
    [{ eventTypes: ["nothing"] }, "/eventTypes/0"],
    [{ status: "paused" }, "/status"],
    [{ disabledReason: "gone" }, "/disabledReason"],
  ])("refuses %j", async (json, pointer) => {
    const { token, endpointId } = await partnerWithEndpoint({ url });
    expectProblem(await change(token, endpointId, json), 422, "validation_failed", [pointer]);
  });
});

describe("a new secret", () => {
  test("is shown once, and the previous one signs for another day unless it is expired at once", async () => {
    const { token, endpoint, endpointId } = await partnerWithEndpoint({ url });
    const headers = withKey();
    const rotated = await rotate(token, endpointId, {}, headers);
    expect(rotated.status).toBe(200);
    expect(rotated.body).toEqual({
      id: endpointId,
      signature: "v1",
      secret: expect.stringMatching(/^whsec_/),
      publicKey: null,
      previousValidUntil: expect.any(String),
    });
    expect(rotated.body.secret).not.toBe(endpoint.secret);
    const date = Date.parse(rotated.headers.get("date")!);
    expect(Math.abs(Date.parse(rotated.body.previousValidUntil) - date - dayMs)).toBeLessThan(60_000);
    const replayed = await rotate(token, endpointId, {}, headers);
    const { secret: _secret, ...shown } = rotated.body;
    expect(replayed.body).toEqual(shown);
    const { body: second } = await rotate(token, endpointId, { expirePrevious: true });
    expect(second.previousValidUntil).toBeNull();
    expect((await read(token, endpointId)).body.etag).toBe('"1"');
    const records = await trailOf(endpointId);
    expect(records.map(({ operation }) => operation)).toEqual([
      "webhooks.create",
      "webhooks.rotate-secret",
      "webhooks.rotate-secret",
    ]);
    const secrets = [endpoint.secret, rotated.body.secret, second.secret].map((secret) => secret.slice(6));
    expect(secrets.filter((secret) => JSON.stringify(records).includes(secret))).toEqual([]);
    expect(secrets.filter((secret) => portico.logs.some((line) => line.includes(secret)))).toEqual([]);
  });
});

describe("a new key pair", () => {
  test("changes the public key of the endpoint, and its signature on demand", async () => {
    const { token, endpoint, endpointId } = await partnerWithEndpoint({ url });
    const { secret: _secret, ...before } = endpoint;
    const { body: first } = await rotate(token, endpointId, { signature: "v1a" });
    const changed = (await read(token, endpointId)).body;
    expect(first).toEqual({
      id: endpointId,
      signature: "v1a",
      publicKey: expect.stringMatching(/^whpk_/),
      previousValidUntil: expect.any(String),
    });
    const { updatedAt } = changed;
    expect(changed).toEqual({ ...before, signature: "v1a", publicKey: first.publicKey, updatedAt, etag: '"2"' });
    const { body: second } = await rotate(token, endpointId, { expirePrevious: true });
    expect(second).toMatchObject({ signature: "v1a", previousValidUntil: null });
    expect(second.publicKey).not.toBe(first.publicKey);
    expect((await read(token, endpointId)).body).toMatchObject({ publicKey: second.publicKey, etag: '"3"' });
    const { body: third } = await rotate(token, endpointId, { signature: "v1" });
    expect(third).toMatchObject({ signature: "v1", secret: expect.stringMatching(/^whsec_/), publicKey: null });
    expect((await read(token, endpointId)).body).toMatchObject({ signature: "v1", publicKey: null, etag: '"4"' });
    const records = await trailOf(endpointId);
    expect(records.slice(1).map(({ after }) => after.signature)).toEqual(["v1a", "v1a", "v1"]);
    expectProblem(await rotate(token, endpointId, { signature: "v2" }), 422, "validation_failed", ["/signature"]);
  });
});

describe("a deletion", () => {
  test("removes the endpoint with its secret, and makes room for another one", async () => {
    const { token, endpointId } = await partnerWithEndpoint({ url });
    expectProblem(await remove(token, endpointId, { "if-match": '"2"' }), 412, "precondition_failed");
    expect((await remove(token, endpointId)).status).toBe(204);
    expectProblem(await read(token, endpointId), 404, "not_found");
    expectProblem(await remove(token, endpointId), 404, "not_found");
    const left = (await contentsOf(portico.host)).filter(({ pk }) => String(pk).startsWith("WEBHOOK"));
    expect(left.filter((item) => JSON.stringify(item).includes(endpointId))).toEqual([]);
    expect(await trailOf(endpointId)).toMatchObject([{}, { operation: "webhooks.delete", after: null }]);
  });

  test("of the partner removes all of its endpoints", async () => {
    const { id, token, endpointId } = await partnerWithEndpoint({ url });
    const { body: second } = await create(token, { url });
    expect((await asRoot("DELETE", `/v1/partners/${id}`)).status).toBe(204);
    const names = [id, endpointId, second.id as string];
    const left = (await contentsOf(portico.host)).map(({ pk }) => String(pk));
    expect(left.filter((pk) => pk.startsWith("WEBHOOK") && names.some((name) => pk.includes(name)))).toEqual([]);
  });
});

test("an endpoint of a different partner is not found", async () => {
  const { endpointId } = await partnerWithEndpoint({ url });
  const { token } = await portico.partnerWithToken();
  for (const id of [endpointId, unknownEndpointId, "whe_1"]) {
    expectProblem(await change(token, id, { description: "x" }), 404, "not_found");
    expectProblem(await remove(token, id), 404, "not_found");
    expectProblem(await rotate(token, id), 404, "not_found");
  }
});
