/** Creation and reading of endpoints. Also the tests of `webhooks/list`, `webhooks/list-of-partner` and `webhooks/read`. */
import { maxEndpoints } from "../../../shared/webhooks/model.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { withKey } from "../../support/idempotency.ts";
import { allPages } from "../../support/lists.ts";
import { partnerCalls } from "../../support/partners.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { contentsOf } from "../../support/table.ts";
import { instant, unknownPartnerId } from "../../support/values.ts";
import { unknownEndpointId, webhookCalls } from "../../support/webhooks.ts";

const portico = Portico.forSuite();
const { asRoot } = partnerCalls(portico);
const { create, list, partnerWithEndpoint, read } = webhookCalls(portico);
const url = "https://shop.example/webhooks/portico";

test("an endpoint is created with its secret, which is shown once and is readable nowhere", async () => {
  const { token } = await portico.partnerWithToken();
  const headers = withKey();
  const fields = { url, description: "Orders", eventTypes: ["subscription.expired", "company.created"] };
  const answer = await create(token, fields, headers);
  const { secret, ...shown } = answer.body;
  expect(answer.status).toBe(201);
  expect(answer.headers.get("location")).toBe(`/v1/webhook-endpoints/${shown.id}`);
  expect(shown).toEqual({
    ...fields,
    eventTypes: ["company.created", "subscription.expired"],
    id: expect.stringMatching(/^whe_/),
    signature: "v1",
    publicKey: null,
    status: "enabled",
    disabledReason: null,
    failingSince: null,
    createdAt: expect.stringMatching(instant),
    updatedAt: shown.createdAt,
    etag: '"1"',
  });
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);

  const replayed = await create(token, fields, headers);
  expect([replayed.headers.get("idempotency-replayed"), replayed.body]).toEqual(["true", shown]);
  const again = await read(token, shown.id);
  expect([again.body, again.headers.get("etag")]).toEqual([shown, '"1"']);
  expect((await list(token)).body.items).toEqual([shown]);
  const bytes = Buffer.from(secret.slice("whsec_".length), "base64");
  const stored = JSON.stringify(await contentsOf(portico.host));
  expect(
    [secret.slice(6), bytes.toString("base64url"), bytes.toString("hex")].filter((text) => stored.includes(text)),
  ).toEqual([]);
  expect(portico.logs.filter((line) => line.includes(secret.slice(6)) || line.includes(url))).toEqual([]);

  const { body: trail } = await asRoot("GET", `/v1/audit?target=${shown.id}`);
  expect(trail.items).toMatchObject([
    {
      operation: "webhooks.create",
      before: null,
      after: { host: "shop.example", description: "Orders", status: "enabled" },
    },
  ]);
  expect(JSON.stringify(trail)).not.toContain("/webhooks/portico");
});

test("an endpoint with Ed25519 shows its public key, and nothing of its private key", async () => {
  const { token } = await portico.partnerWithToken();
  const headers = withKey();
  const answer = await create(token, { url, signature: "v1a" }, headers);
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({
    signature: "v1a",
    publicKey: expect.stringMatching(/^whpk_[A-Za-z0-9+/]{43}=$/),
  });
  expect(answer.body).not.toHaveProperty("secret");
  expect((await create(token, { url, signature: "v1a" }, headers)).body).toEqual(answer.body);
  expect((await read(token, answer.body.id)).body).toEqual(answer.body);
  expect(answer.text).not.toMatch(/whsk_|whsec_/);
});

test("an endpoint wants every type and has no description unless it says so", async () => {
  const { token } = await portico.partnerWithToken();
  const { body } = await create(token, { url });
  expect(body).toMatchObject({ eventTypes: null, description: "" });
  expect((await create(token, { url, eventTypes: null })).status).toBe(201);
});

test.each([
  [{}, "/url"],
  [{ url: "shop.example" }, "/url"],
  [{ url: "ftp://shop.example/" }, "/url"],
  [{ url: "https://user:secret@shop.example/" }, "/url"],
  [{ url: "https://shop.example/#top" }, "/url"],
  [{ url: `https://shop.example/${"x".repeat(2048)}` }, "/url"],
  [{ url, eventTypes: [] }, "/eventTypes"],
  [{ url, eventTypes: ["subscription.sold"] }, "/eventTypes/0"],
  [{ url, eventTypes: ["webhook.test"] }, "/eventTypes/0"],
  [{ url, description: "x".repeat(201) }, "/description"],
  [{ url, secret: "whsec_mine" }, "/secret"],
  [{ url, signature: "v2" }, "/signature"],
  [{ url, publicKey: "whpk_mine" }, "/publicKey"],
])("refuses %j", async (json, pointer) => {
  const { token } = await portico.partnerWithToken();
  expectProblem(await create(token, json), 422, "validation_failed", [pointer]);
});

test("fifty creations at the same moment make twenty endpoints, and pages show all of them", async () => {
  const { id, token } = await portico.partnerWithToken();
  const answers = await inParallel(50, () => create(token, { url }));
  expect(tally(answers.map(({ status }) => status))).toEqual({ 201: maxEndpoints, 409: 50 - maxEndpoints });
  const refused = answers.find(({ status }) => status === 409)!;
  expectProblem(refused, 409, "limit_reached");
  const place = (cursor: string | undefined) => (cursor === undefined ? "" : `&cursor=${cursor}`);
  const pages = await allPages((cursor) => list(token, `?limit=7${place(cursor)}`));
  expect(pages.map(({ length }) => length)).toEqual([7, 7, 6]);
  const ids = pages.flat().map((endpoint) => endpoint.id as string);
  expect(ids).toEqual([...new Set(ids)].sort().reverse());
  const path = `/v1/partners/${id}/webhook-endpoints`;
  const shown = await allPages((cursor) => asRoot("GET", `${path}?limit=13${place(cursor)}`));
  expect(shown.map(({ length }) => length)).toEqual([13, 7]);
  expect(shown.flat()).toEqual(pages.flat());
});

test("an endpoint is hidden from other partners, and needs the scopes", async () => {
  const { endpointId, ...owner } = await partnerWithEndpoint({ url });
  const other = await portico.partnerWithToken();
  expectProblem(await read(other.token, endpointId), 404, "not_found");
  expectProblem(await read(other.token, unknownEndpointId), 404, "not_found");
  expect((await list(other.token)).body.items).toEqual([]);
  expectProblem(await asRoot("GET", `/v1/partners/${unknownPartnerId}/webhook-endpoints`), 404, "not_found");
  const reader = await portico.partnerToken(owner, "webhooks:read");
  expect((await read(reader, endpointId)).status).toBe(200);
  expectProblem(await create(reader, { url }), 403, "insufficient_scope");
  const other2 = await portico.partnerToken(owner, "events:read partner:manage");
  expectProblem(await read(other2, endpointId), 403, "insufficient_scope");
});
