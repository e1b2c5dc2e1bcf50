/**
 * Secrets of endpoints and signatures by the Standard Webhooks specification. The table holds the secrets encrypted (AES-256-GCM)
 * and bound to their endpoint, so that a leaked table lets nobody sign.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { overlapHours, type StoredEndpointSecrets } from "./model.ts";

const secretPrefix = "whsec_";
const secretBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Whose secret it is, and the secret `webhookKey`. */
export interface SecretOwner {
  readonly endpointId: string;
  readonly key: string;
}

/** A new secret, as its partner gets it and as it is kept. */
export interface NewSecret {
  readonly secret: string;
  readonly sealed: string;
}

export function newSecret(owner: SecretOwner): NewSecret {
  const bytes = randomBytes(secretBytes);
  return { secret: `${secretPrefix}${bytes.toString("base64")}`, sealed: seal(bytes, owner) };
}

/** The secrets with a new current one. Of older ones, at most the last signs as well, for a time. */
export function rotateSecrets(
  { current, revision }: StoredEndpointSecrets,
  sealed: string,
  { expirePrevious, now }: { readonly expirePrevious: boolean; readonly now: Date },
): StoredEndpointSecrets {
  const validUntil = new Date(now.getTime() + overlapHours * 3_600_000).toISOString();
  return {
    current: sealed,
    previous: expirePrevious ? null : { sealed: current, validUntil },
    revision: revision + 1,
  };
}

/** What is signed: the id of the event, and the exact bytes of the body. */
export interface SignedContent {
  readonly id: string;
  readonly body: string;
}

/** The headers of a request (Standard Webhooks): id, time in seconds, and a signature with each secret that is valid. */
export function signatureHeaders(
  { id, body }: SignedContent,
  secrets: StoredEndpointSecrets,
  owner: SecretOwner,
  now: Date,
): Readonly<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const { current, previous } = secrets;
  const isInOverlap = previous !== null && new Date(previous.validUntil) > now;
  const signatures = [current, ...(isInOverlap ? [previous.sealed] : [])].map((sealed) => {
    const mac = createHmac("sha256", open(sealed, owner)).update(`${id}.${timestamp}.${body}`).digest("base64");
    return `v1,${mac}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

function seal(secret: Uint8Array, { endpointId, key }: SecretOwner): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", sealingKey(key), nonce).setAAD(Buffer.from(endpointId));
  return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

/** @throws Error for a secret that is damaged, or belongs to a different endpoint or to a different key */
function open(sealed: string, { endpointId, key }: SecretOwner): Buffer {
  const bytes = Buffer.from(sealed, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", sealingKey(key), bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(endpointId)).setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
}

function sealingKey(secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "portico webhook secret", 32));
}
