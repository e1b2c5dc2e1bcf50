import { createPublicKey, verify } from "node:crypto";
import { Webhook } from "standardwebhooks";
import type { StoredEndpointSecrets } from "../../../shared/webhooks/model.ts";
import {
  newKeyPair,
  newSecret,
  newSigner,
  rotateSecrets,
  signatureHeaders,
} from "../../../shared/webhooks/signatures.ts";

const owner = { endpointId: "whe_1", key: "key of the stage" };
const other = { endpointId: "whe_2", key: "key of the stage" };
// The library compares the timestamp with the real clock.
const now = new Date();
const content = { id: "evt_1", body: '{"type":"webhook.test","name":"Zoë"}' };

const first = newSecret(owner);
const stored: StoredEndpointSecrets = { current: first.sealed, previous: null, revision: 1 };

const isVerified = (secret: string, headers: Record<string, string>, body = content.body) => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
};

describe("a secret", () => {
  test("has the prefix and 32 bytes, and is not readable where it is kept", () => {
    const { secret, sealed } = first;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newSecret(owner).secret).not.toBe(secret);
    expect(sealed).not.toContain(secret.slice("whsec_".length, -1));
    expect(Buffer.from(sealed, "base64url").includes(Buffer.from(secret.slice(6), "base64"))).toBe(false);
  });

  test.each([
    ["of a different endpoint", other],
    ["under a different key", { ...owner, key: "another" }],
  ])("cannot be used as one %s", (_title, wrong) => {
    expect(() => signatureHeaders(content, stored, wrong, now)).toThrow();
  });
});

describe("a signature", () => {
  test("is verified by the library of the specification", () => {
    const headers = signatureHeaders(content, stored, owner, now);
    expect(headers).toEqual({
      "webhook-id": "evt_1",
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
    });
    expect(new Webhook(first.secret).sign("evt_1", now, content.body)).toBe(headers["webhook-signature"]);
    expect(isVerified(first.secret, headers)).toBe(true);
  });

  test("covers the id, the time and the body", () => {
    const headers = signatureHeaders(content, stored, owner, now);
    expect(isVerified(first.secret, { ...headers, "webhook-id": "evt_2" })).toBe(false);
    const later = String(Math.floor(now.getTime() / 1000) + 1);
    expect(isVerified(first.secret, { ...headers, "webhook-timestamp": later })).toBe(false);
    expect(isVerified(first.secret, headers, `${content.body} `)).toBe(false);
    expect(isVerified(newSecret(owner).secret, headers)).toBe(false);
  });
});

describe("an Ed25519 key pair", () => {
  const pair = newKeyPair(owner);
  const keys: StoredEndpointSecrets = { current: pair.sealed, previous: null, revision: 1 };
  const bytesOf = (publicKey: string) => Buffer.from(publicKey.slice("whpk_".length), "base64");
  const isSignedBy = (publicKey: string, headers: Record<string, string>, body = content.body) => {
    const x = bytesOf(publicKey).toString("base64url");
    const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
    const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
    return headers["webhook-signature"]!.split(" ").some(
      (part) => part.startsWith("v1a,") && verify(null, signed, key, Buffer.from(part.slice(4), "base64")),
    );
  };

  test("shows its public key alone", () => {
    expect(Object.keys(pair).sort()).toEqual(["publicKey", "sealed"]);
    expect(pair.publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    expect(newKeyPair(owner).publicKey).not.toBe(pair.publicKey);
    expect(newSigner("v1a", owner)).toEqual({ publicKey: expect.any(String), sealed: expect.any(String) });
    expect(newSigner("v1", owner)).toEqual({ secret: expect.any(String), sealed: expect.any(String) });
  });

  test("signs id, time and body, as Node.js verifies", () => {
    const headers = signatureHeaders(content, keys, owner, now);
    expect(headers["webhook-signature"]).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
    expect(isSignedBy(pair.publicKey, headers)).toBe(true);
    expect(isSignedBy(newKeyPair(owner).publicKey, headers)).toBe(false);
    expect(isSignedBy(pair.publicKey, { ...headers, "webhook-id": "evt_2" })).toBe(false);
    expect(isSignedBy(pair.publicKey, { ...headers, "webhook-timestamp": "1" })).toBe(false);
    expect(isSignedBy(pair.publicKey, headers, `${content.body} `)).toBe(false);
  });

  test.each([
    ["of a different endpoint", keys, other],
    ["under a different key", keys, { ...owner, key: "another" }],
    ["as a shared secret", { ...keys, current: pair.sealed.slice("v1a,".length) }, owner],
    ["made of a shared secret", { ...keys, current: `v1a,${first.sealed}` }, owner],
  ])("cannot be used as one %s", (_title, secrets, wrong) => {
    expect(() => signatureHeaders(content, secrets, wrong, now)).toThrow();
  });

  test("signs beside the shared secret that it replaces, whose receivers notice nothing", () => {
    const rotated = rotateSecrets(stored, pair.sealed, { expirePrevious: false, now });
    const headers = signatureHeaders(content, rotated, owner, now);
    expect(headers["webhook-signature"]).toMatch(/^v1a,\S+ v1,\S+$/);
    expect([isSignedBy(pair.publicKey, headers), isVerified(first.secret, headers)]).toEqual([true, true]);
    const next = newKeyPair(owner);
    const twice = rotateSecrets(rotated, next.sealed, { expirePrevious: false, now });
    const signed = signatureHeaders(content, twice, owner, now);
    expect(signed["webhook-signature"]).toMatch(/^v1a,\S+ v1a,\S+$/);
    expect([pair, next].map(({ publicKey }) => isSignedBy(publicKey, signed))).toEqual([true, true]);
    expect(isVerified(first.secret, signed)).toBe(false);
  });
});

describe("a rotation", () => {
  const second = newSecret(owner);
  const rotated = rotateSecrets(stored, second.sealed, { expirePrevious: false, now });

  test("lets both secrets sign for a day", () => {
    const headers = signatureHeaders(content, rotated, owner, now);
    expect(headers["webhook-signature"].split(" ")).toHaveLength(2);
    expect([first, second].map(({ secret }) => isVerified(secret, headers))).toEqual([true, true]);
    expect(rotated.previous?.validUntil).toBe(new Date(now.getTime() + 86_400_000).toISOString());
  });

  test("ends the previous secret after a day", () => {
    const end = new Date(now.getTime() + 86_400_000);
    expect(signatureHeaders(content, rotated, owner, end)["webhook-signature"].split(" ")).toHaveLength(1);
  });

  test("can end the previous secret at once", () => {
    const headers = signatureHeaders(
      content,
      rotateSecrets(stored, second.sealed, { expirePrevious: true, now }),
      owner,
      now,
    );
    expect([first, second].map(({ secret }) => isVerified(secret, headers))).toEqual([false, true]);
  });

  test("keeps one previous secret only", () => {
    const third = newSecret(owner);
    const twice = rotateSecrets(rotated, third.sealed, { expirePrevious: false, now });
    const headers = signatureHeaders(content, twice, owner, now);
    expect([first, second, third].map(({ secret }) => isVerified(secret, headers))).toEqual([false, true, true]);
    expect(twice.revision).toBe(3);
  });
});
