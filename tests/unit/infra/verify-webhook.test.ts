import { Webhook } from "standardwebhooks";
import { verifyWebhook, WebhookVerificationError } from "../../../infra/contract/verify-webhook.ts";
import { newKeyPair, newSecret, rotateSecrets, signatureHeaders } from "../../../shared/webhooks/signatures.ts";

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

describe("an Ed25519 signature", () => {
  const pair = newKeyPair(owner);
  const keys = { current: pair.sealed, previous: null, revision: 1 };
  const sent = signatureHeaders({ id: "evt_1", body }, keys, owner, now);

  test("is verified with the public key", async () => {
    expect(await verified(body, sent, pair.publicKey)).toEqual(JSON.parse(body));
    expect(await verified(body, sent, [newKeyPair(owner).publicKey, pair.publicKey])).toMatchObject({ id: "evt_1" });
  });

  test("of the specification's example is verified", async () => {
    const example = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature":
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
    };
    const key = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    const at = { now: new Date(1_614_265_330_000) };
    expect(await verified('{"test": 2432232314}', example, key, at)).toEqual({ test: 2432232314 });
    await expect(verified('{"test": 2432232315}', example, key, at)).rejects.toThrow(WebhookVerificationError);
  });

  test("is verified beside HMAC-SHA-256 after a change of the signature", async () => {
    const changed = rotateSecrets(stored, pair.sealed, { expirePrevious: false, now });
    const both = signatureHeaders({ id: "evt_1", body }, changed, owner, now);
    for (const key of [first.secret, pair.publicKey]) expect(await verified(body, both, key)).toBeDefined();
  });

  test("made with a public key as the secret is refused", async () => {
    const forged = new Webhook(pair.publicKey.slice("whpk_".length)).sign("evt_1", now, body);
    for (const signature of [forged, forged.replace("v1,", "v1a,")]) {
      const refused = verified(body, { ...sent, "webhook-signature": signature }, pair.publicKey);
      await expect(refused).rejects.toThrow(WebhookVerificationError);
    }
  });

  test.each<[string, Parameters<typeof verifyWebhook>]>([
    ["another body", [`${body} `, sent, pair.publicKey]],
    ["another id", [body, { ...sent, "webhook-id": "evt_2" }, pair.publicKey]],
    ["another time", [body, { ...sent, "webhook-timestamp": "1795176001" }, pair.publicKey]],
    ["another key", [body, sent, newKeyPair(owner).publicKey]],
    ["a secret instead of the key", [body, sent, first.secret]],
    ["the key of an HMAC signature", [body, headers, pair.publicKey]],
  ])("is refused for %s", async (_title, [payload, given, key]) => {
    await expect(verified(payload, given, key)).rejects.toThrow(WebhookVerificationError);
  });

  test("needs a public key of 32 bytes", async () => {
    for (const key of ["whpk_", "whpk_AAAA", "whpk_%%%", `whsk_${pair.publicKey.slice("whpk_".length)}`]) {
      await expect(verified(body, sent, key)).rejects.toThrow(TypeError);
    }
  });
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
