/**
 * Client secrets of partners, stored as HMAC-SHA-256 with a key that is not in the table. The table alone therefore does not
 * help to guess a secret.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { ClientCredential } from "./model.ts";

/** A secret of 256 random bits, 43 characters of base64url. */
export function generateClientSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** @param hashingKey the secret `clientSecretKey` */
export function hashClientSecret(clientSecret: string, hashingKey: string): string {
  return createHmac("sha256", hashingKey).update(clientSecret).digest("base64url");
}

/**
 * Whether a presented secret is the current one, or the previous one within its grace period. Compares in constant time,
 * and does the same work for a client that does not exist.
 *
 * @param presentedHash of `hashClientSecret`
 */
export function acceptsClientSecret(
  credential: ClientCredential | undefined,
  presentedHash: string,
  now: Date,
): boolean {
  const current = equal(credential?.secretHash ?? "", presentedHash);
  const previous = equal(credential?.previousHash ?? "", presentedHash);
  const inGrace = (credential?.previousValidUntil ?? "") > now.toISOString();
  return current || (previous && inGrace);
}

function equal(kept: string, presented: string): boolean {
  const expected = Buffer.from(presented);
  const actual = Buffer.alloc(expected.length);
  actual.write(kept);
  return timingSafeEqual(actual, expected) && kept.length === presented.length;
}

/** The credential after a new secret: of the previous secrets, only the last one stays valid, for `graceMs` milliseconds. */
export function replaceClientSecret(
  { secretHash }: ClientCredential,
  newHash: string,
  graceMs: number,
  now: Date,
): Required<ClientCredential> {
  return {
    secretHash: newHash,
    issuedAt: now.toISOString(),
    previousHash: secretHash,
    previousValidUntil: new Date(now.getTime() + graceMs).toISOString(),
  };
}
