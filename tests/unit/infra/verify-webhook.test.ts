import { Webhook } from "standardwebhooks";
import { verifyWebhook, WebhookVerificationError } from "../../../infra/contract/verify-webhook.ts";
import { newSecret, rotateSecrets, signatureHeaders } from "../../../shared/webhooks/signatures.ts";

const owner = { endpointId: "whe_1", key: "key of the stage" };
const now = new Date("2026-11-20T12:00:00.500Z");
const body = '{"id":"evt_1","type":"webhook.test","timestamp":"2026-11-20T12:00:00.000Z","data":{"name":"Zoë"}}';
const first = newSecret(owner);
const stored = { current: first.sealed, previous: null, revision: 1 };
const headers = signatureHeaders({ id: "evt_1", body }, stored, owner, now);
const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const verified = async (...[payload, sent, secrets, options]: Parameters<typeof verifyWebhook>) =>
  await verifyWebhook(payload, sent, secrets, { now, ...options });

test("returns the event of our own signature, whatever form body and headers have", async () => {
  const event = JSON.parse(body) as unknown;
  expect(await verified(body, headers, first.secret)).toEqual(event);
  expect(await verified(Buffer.from(body), new Headers(headers), [first.secret])).toEqual(event);
  const nodes = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]));
  expect(await verified(body, nodes, first.secret.slice("whsec_".length))).toEqual(event);
});

test("accepts what the specification's library signs", async () => {
  const signature = new Webhook(first.secret).sign("evt_1", now, body);
  const sent = { ...headers, "webhook-signature": `v1a,AAAA v2,AAAA v1,!! ${signature}` };
  expect(await verified(body, sent, first.secret)).toMatchObject({ id: "evt_1" });
});

test("accepts both secrets of a rotation, on either side", async () => {
  const second = newSecret(owner);
  const rotated = rotateSecrets(stored, second.sealed, { expirePrevious: false, now });
  const both = signatureHeaders({ id: "evt_1", body }, rotated, owner, now);
  for (const secret of [first.secret, second.secret]) expect(await verified(body, both, secret)).toBeDefined();
  expect(await verified(body, headers, [second.secret, first.secret])).toBeDefined();
  await expect(verified(body, headers, second.secret)).rejects.toThrow(WebhookVerificationError);
});

test.each<[string, Parameters<typeof verifyWebhook>]>([
  ["another body", [`${body} `, headers, first.secret]],
  ["another id", [body, { ...headers, "webhook-id": "evt_2" }, first.secret]],
  ["another time", [body, { ...headers, "webhook-timestamp": "1795176001" }, first.secret]],
  ["another secret", [body, headers, newSecret(owner).secret]],
  ["no secret", [body, headers, []]],
  ["no signature", [body, { ...headers, "webhook-signature": "" }, first.secret]],
  ["an unknown version", [body, { ...headers, "webhook-signature": "v2,AAAA" }, first.secret]],
  ["no id", [body, { ...headers, "webhook-id": undefined }, first.secret]],
  ["no time", [body, { ...headers, "webhook-timestamp": "soon" }, first.secret]],
  ["an old webhook", [body, headers, first.secret, { now: after(302) }]],
  ["a webhook from the future", [body, headers, first.secret, { now: after(-302) }]],
  ["a short tolerance", [body, headers, first.secret, { now: after(12), toleranceSeconds: 10 }]],
])("refuses %s", async (_title, [payload, sent, secrets, options]) => {
  await expect(verified(payload, sent, secrets, options)).rejects.toThrow(WebhookVerificationError);
});

test("accepts a webhook within the tolerance", async () => {
  expect(await verified(body, headers, first.secret, { now: after(299) })).toBeDefined();
  expect(await verified(body, headers, first.secret, { now: after(-299) })).toBeDefined();
});

test("refuses a body that is not JSON, and a secret that is none", async () => {
  const signed = signatureHeaders({ id: "evt_1", body: "text" }, stored, owner, now);
  await expect(verified("text", signed, first.secret)).rejects.toThrow(WebhookVerificationError);
  await expect(verified(body, headers, "whsec_%%%")).rejects.toThrow(TypeError);
});
