/** The way of an event to an endpoint. Also the tests of `webhooks/test` and `webhooks/redeliver`. */
import { Webhook } from "standardwebhooks";
import { expectProblem } from "../../support/expect-problem.ts";
import { expectReplayed, withKey } from "../../support/idempotency.ts";
import { allPages } from "../../support/lists.ts";
import { partnerCalls } from "../../support/partners.ts";
import { Portico } from "../../support/portico.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { contentsOf } from "../../support/table.ts";
import { eventually } from "../../support/waiting.ts";
import { Receiver, unknownEndpointId, webhookCalls, type ReceivedWebhook } from "../../support/webhooks.ts";

// A host of its own: those of other files invoke nothing by streams and queues.
const portico = Portico.alone({ runEventSources: true });
const { call } = portico;
const { asRoot } = partnerCalls(portico);
const subscriptions = subscriptionCalls(portico);
const webhooks = webhookCalls(portico);
const receiver = Receiver.forFile();

/** The deliveries of an endpoint, as soon as they pass. */
const deliveriesOf = async (token: string, id: string, passes: (items: any[]) => boolean): Promise<any[]> =>
  await eventually(async () => (await webhooks.deliveries(token, id)).body.items as any[], passes);

const verifiedWith = (secret: string, { body, headers }: ReceivedWebhook): boolean => {
  try {
    return new Webhook(secret).verify(body, headers) !== undefined;
  } catch {
    return false;
  }
};

/**
 * A partner whose endpoint is at a path of its own. It does not want `partner.created`: that event is still on its way when the
 * endpoint is created, and may or may not reach it.
 */
const partnerAt = (path: string, fields: object = { eventTypes: ["subscription.created"] }) =>
  webhooks.partnerWithEndpoint({ url: receiver.url(path), ...fields });

/** A partner whose endpoint has failed once. The next attempt comes after five seconds, in which other tests run. */
let flaky: Awaited<ReturnType<typeof partnerAt>>;

beforeAll(async () => {
  flaky = await partnerAt("/flaky");
  receiver.reply = () => 500;
  await subscriptions.create(flaky.token);
  await receiver.at("/flaky");
  receiver.reply = () => 204;
});

test("a sale reaches the partner's endpoint, signed, and is listed as delivered", async () => {
  const { token, endpoint, endpointId } = await partnerAt("/sale");
  const { body: sold } = await subscriptions.create(token);
  const [webhook] = (await receiver.at("/sale")) as [ReceivedWebhook];
  const { body: page } = await call("GET", "/v1/events", { token });
  const [event] = page.items;
  expect(webhook.event).toEqual({ ...event, timestamp: event.createdAt });
  expect(webhook.event).toMatchObject({ type: "subscription.created", data: { id: sold.id } });
  expect(webhook.headers["webhook-id"]).toBe(event.id);
  expect(webhook.headers["content-type"]).toBe("application/json");
  expect(verifiedWith(endpoint.secret, webhook)).toBe(true);
  expect(verifiedWith(endpoint.secret, { ...webhook, body: webhook.body.replace("P1M", "P9M") })).toBe(false);
  const [delivery] = await deliveriesOf(token, endpointId, (items) => items[0]?.status === "succeeded");
  expect(delivery).toEqual({
    id: expect.stringMatching(/^whd_/),
    eventId: event.id,
    eventType: "subscription.created",
    status: "succeeded",
    attempts: [
      { at: expect.any(String), statusCode: 204, durationMs: expect.any(Number), outcome: "succeeded", byHand: false },
    ],
    nextAttemptAt: null,
    createdAt: event.createdAt,
  });
});

test("an endpoint that answers 410 is disabled, and another one hears of it", async () => {
  const { token, endpointId } = await partnerAt("/gone", { eventTypes: ["subscription.created"] });
  const { body: other } = await webhooks.create(token, {
    url: receiver.url("/hears"),
    eventTypes: ["webhook_endpoint.disabled"],
  });
  receiver.reply = ({ path }) => (path === "/gone" ? 410 : 204);
  await subscriptions.create(token);
  const [{ event }] = (await receiver.at("/hears")) as [ReceivedWebhook];
  expect(event).toMatchObject({ type: "webhook_endpoint.disabled", data: { id: endpointId, disabledReason: "gone" } });
  const failingSince = expect.stringMatching(/Z$/);
  const gone = { status: "disabled", disabledReason: "gone", failingSince };
  expect((await webhooks.read(token, endpointId)).body).toMatchObject(gone);
  // An administrator and the partner see the same, and a change that leaves it disabled keeps it.
  const { body: page } = await portico.call("GET", "/v1/webhook-endpoints", { token });
  const partnerId = (await portico.call("GET", "/v1/partners/me", { token })).body.id as string;
  expect((await portico.callAsRoot("GET", `/v1/partners/${partnerId}/webhook-endpoints`)).body).toEqual(page);
  expect(page.items.map((item: any) => item.failingSince)).toEqual([null, failingSince]);
  expect((await webhooks.change(token, endpointId, { description: "Old" })).body).toMatchObject(gone);
  const [delivery] = (await webhooks.deliveries(token, endpointId)).body.items;
  expect(delivery).toMatchObject({ status: "failed", attempts: [{ statusCode: 410, outcome: "gone" }] });
  expectProblem(await webhooks.test(token, endpointId), 409, "webhook_endpoint_disabled");
  expectProblem(await webhooks.redeliver(token, endpointId, delivery.id), 409, "webhook_endpoint_disabled");
  expect((await webhooks.read(token, other.id)).body.status).toBe("enabled");
  const enabled = { status: "enabled", disabledReason: null, failingSince: null };
  expect((await webhooks.change(token, endpointId, { status: "enabled" })).body).toMatchObject(enabled);
  expect((await webhooks.read(token, endpointId)).body).toMatchObject(enabled);
});

test("a test event goes to one endpoint, signed with both secrets of a rotation", async () => {
  const { token, endpoint, endpointId } = await partnerAt("/tested", { eventTypes: ["company.deleted"] });
  await webhooks.create(token, { url: receiver.url("/not-tested") });
  const { body: rotated } = await webhooks.rotate(token, endpointId);
  const headers = withKey();
  const answer = await webhooks.test(token, endpointId, headers);
  expect(answer.status).toBe(200);
  expectReplayed(await webhooks.test(token, endpointId, headers), answer);
  expect(answer.body).toMatchObject({ eventType: "webhook.test", status: "pending", attempts: [] });
  const [webhook] = (await receiver.at("/tested")) as [ReceivedWebhook];
  expect(webhook.event).toMatchObject({ id: answer.body.eventId, type: "webhook.test", data: { id: endpointId } });
  expect([endpoint.secret, rotated.secret].map((secret: string) => verifiedWith(secret, webhook))).toEqual([
    true,
    true,
  ]);
  const { body: last } = await webhooks.rotate(token, endpointId, { expirePrevious: true });
  await webhooks.test(token, endpointId);
  const [, second] = (await receiver.at("/tested", 2)) as [ReceivedWebhook, ReceivedWebhook];
  const secrets: string[] = [endpoint.secret, rotated.secret, last.secret];
  expect(secrets.map((secret) => verifiedWith(secret, second))).toEqual([false, false, true]);
  await deliveriesOf(token, endpointId, (items) => items.every(({ status }) => status === "succeeded"));
  const isTest = ({ path, event }: ReceivedWebhook) => path === "/not-tested" && event.type === "webhook.test";
  expect(receiver.received.filter(isTest)).toEqual([]);
  const { body: trail } = await asRoot("GET", `/v1/audit?target=${endpointId}&operation=webhooks.test`);
  expect(trail.items).toHaveLength(2);
});

test("a delivery is made again by hand", async () => {
  const { id, token, endpointId } = await partnerAt("/again");
  const { body: sent } = await webhooks.test(token, endpointId);
  const isDone = (items: any[]) => items[0]?.status === "succeeded";
  await deliveriesOf(token, endpointId, isDone);
  const headers = withKey();
  const answer = await webhooks.redeliver(token, endpointId, sent.id, headers);
  expect(answer.status).toBe(200);
  expectReplayed(await webhooks.redeliver(token, endpointId, sent.id, headers), answer);
  expect(answer.body).toMatchObject({ id: sent.id, status: "succeeded" });
  const [first, second] = (await receiver.at("/again", 2)) as [ReceivedWebhook, ReceivedWebhook];
  expect([second.body, second.headers["webhook-id"]]).toEqual([first.body, first.headers["webhook-id"]]);
  const [delivery] = await deliveriesOf(token, endpointId, (items) => items[0]?.attempts.length === 2);
  expect(delivery.attempts.map(({ byHand }: { byHand: boolean }) => byHand)).toEqual([false, true]);
  const unknown = sent.id.replace(/.$/, (last: string) => (last === "0" ? "1" : "0"));
  expectProblem(await webhooks.redeliver(token, endpointId, unknown), 404, "not_found");
  expectProblem(await webhooks.redeliver(token, unknownEndpointId, sent.id), 404, "not_found");
  const { body: trail } = await asRoot("GET", `/v1/audit?target=${endpointId}&operation=webhooks.redeliver`);
  expect(trail.items).toMatchObject([{ after: { delivery: sent.id } }]);
  expect((await asRoot("DELETE", `/v1/partners/${id}`)).status).toBe(204);
  const left = (await contentsOf(portico.host)).map(({ pk }) => String(pk));
  expect(left.filter((pk) => pk.includes(endpointId) && !pk.startsWith("WEBHOOK-REDELIVERIES#"))).toEqual([]);
});

test("deliveries are listed in pages, by status and by event, to their partner alone", async () => {
  const { token, endpointId } = await partnerAt("/listed");
  receiver.reply = ({ path, event }) => (path !== "/listed" || event.type === "webhook.test" ? 204 : 400);
  for (let count = 0; count < 3; count++) await webhooks.test(token, endpointId);
  await subscriptions.create(token);
  const isSettled = (items: any[]) => items.length === 4 && items.every(({ attempts }) => attempts.length > 0);
  const all = await deliveriesOf(token, endpointId, isSettled);
  const times = all.map(({ createdAt }) => createdAt as string);
  expect(times).toEqual(times.toSorted().reverse());
  const place = (cursor: string | undefined) => (cursor === undefined ? "" : `&cursor=${cursor}`);
  const pages = await allPages((cursor) => webhooks.deliveries(token, endpointId, `?limit=3${place(cursor)}`));
  expect(pages.map(({ length }) => length)).toEqual([3, 1]);
  const ofStatus = await webhooks.deliveries(token, endpointId, "?status=pending");
  expect(ofStatus.body.items).toMatchObject([
    { eventType: "subscription.created", attempts: [{ outcome: "http_error" }] },
  ]);
  const { eventId } = all[2];
  expect((await webhooks.deliveries(token, endpointId, `?event=${eventId}`)).body.items).toMatchObject([{ eventId }]);
  expectProblem(await webhooks.deliveries(token, endpointId, "?status=lost"), 422, "validation_failed", ["/status"]);
  const stranger = await portico.partnerWithToken();
  expectProblem(await webhooks.deliveries(stranger.token, endpointId), 404, "not_found");
});

test("an endpoint that fails is tried again, with the same id and body", async () => {
  const { token, endpointId } = flaky;
  const [first, second] = (await receiver.at("/flaky", 2)) as [ReceivedWebhook, ReceivedWebhook];
  expect([second.body, second.headers["webhook-id"]]).toEqual([first.body, first.headers["webhook-id"]]);
  const [{ attempts }] = await deliveriesOf(token, endpointId, (items) => items[0]?.status === "succeeded");
  expect(attempts).toMatchObject([
    { statusCode: 500, outcome: "http_error" },
    { statusCode: 204, outcome: "succeeded" },
  ]);
});
