/**
 * Secrets of endpoints and signatures by the Standard Webhooks specification. The table holds shared secrets and private keys
 * encrypted (AES-256-GCM) and bound to their endpoint and their use, so that a leaked table lets nobody sign.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  sign,
} from "node:crypto";
import { overlapHours, type SignatureScheme, type StoredEndpointSecrets } from "./model.ts";

const secretPrefix = "whsec_";
const publicKeyPrefix = "whpk_";
/** Marks a sealed private key. A sealed shared secret has no mark. */
const keyPairMark = "v1a,";
const secretBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Whose secret it is, and the secret `webhookKey`. */
export interface SecretOwner {
  readonly endpointId: string;
  readonly key: string;
}

/** What signs from now on: as it is kept, and what its partner verifies with. */
export interface NewSigner {
  readonly sealed: string;
  /** For `v1`. */
  readonly secret?: string;
  /** For `v1a`. The private key exists sealed only. */
  readonly publicKey?: string;
}

export function newSigner(scheme: SignatureScheme, owner: SecretOwner): NewSigner {
  return scheme === "v1a" ? newKeyPair(owner) : newSecret(owner);
}

/** A new shared secret, for `v1`. */
export function newSecret(owner: SecretOwner) {
  const bytes = randomBytes(secretBytes);
  return { secret: `${secretPrefix}${bytes.toString("base64")}`, sealed: seal(bytes, owner) };
}

/** A new Ed25519 key pair, for `v1a`. */
export function newKeyPair(owner: SecretOwner) {
  const { d = "", x = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const publicBytes = Buffer.from(x, "base64url");
  // Private key, then public key: the layout that the specification's tools call a secret key.
  const sealed = seal(Buffer.concat([Buffer.from(d, "base64url"), publicBytes]), owner, keyPairMark);
  return { publicKey: `${publicKeyPrefix}${publicBytes.toString("base64")}`, sealed: `${keyPairMark}${sealed}` };
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

/** The headers of a request (Standard Webhooks): id, time in seconds, and a signature with each secret or key that is valid. */
export function signatureHeaders(
  { id, body }: SignedContent,
  secrets: StoredEndpointSecrets,
  owner: SecretOwner,
  now: Date,
): Readonly<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const { current, previous } = secrets;
  const isInOverlap = previous !== null && new Date(previous.validUntil) > now;
  const content = `${id}.${timestamp}.${body}`;
  const signatures = [current, ...(isInOverlap ? [previous.sealed] : [])].map((sealed) =>
    signatureOf(content, sealed, owner),
  );
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

function signatureOf(content: string, sealed: string, owner: SecretOwner): string {
  if (!sealed.startsWith(keyPairMark)) {
    return `v1,${createHmac("sha256", open(sealed, owner)).update(content).digest("base64")}`;
  }
  const pair = open(sealed.slice(keyPairMark.length), owner, keyPairMark);
  const [d, x] = [pair.subarray(0, secretBytes), pair.subarray(secretBytes)].map((half) => half.toString("base64url"));
  const privateKey = createPrivateKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", d, x } });
  return `v1a,${sign(null, Buffer.from(content), privateKey).toString("base64")}`;
}

/** @param mark of the use, so that nobody who can write to the table makes a private key a shared secret */
function seal(secret: Uint8Array, { endpointId, key }: SecretOwner, mark = ""): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", sealingKey(key), nonce).setAAD(Buffer.from(`${mark}${endpointId}`));
  return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

/** @throws Error for a secret that is damaged, or belongs to a different endpoint, to a different use or to a different key */
function open(sealed: string, { endpointId, key }: SecretOwner, mark = ""): Buffer {
  const bytes = Buffer.from(sealed, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", sealingKey(key), bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(`${mark}${endpointId}`)).setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
}

function sealingKey(secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "portico webhook secret", 32));
}
