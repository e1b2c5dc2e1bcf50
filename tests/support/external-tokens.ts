/** Tokens of the local identity provider: genuine ones, and ones that differ from them. */
import { randomUUID } from "node:crypto";
import { importJWK, SignJWT, type CryptoKey } from "jose";
import { identityProviderOf } from "./oauth-answers.ts";
import type { Portico } from "./portico.ts";

export interface Differences {
  readonly header?: Readonly<Record<string, unknown>>;
  /** A claim that is `undefined` is left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: CryptoKey | Uint8Array;
}

/** A new subject. */
export function newSubject(): string {
  return `subject-${randomUUID()}`;
}

export function externalTokens(portico: Portico) {
  /** A genuine token. */
  const idToken = async (subject: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    await identityProviderOf(portico).token(subject, claims);

  /** A token of the provider with some differences. */
  async function forged(
    subject: string,
    { header = {}, claims = {}, key: otherKey }: Differences = {},
    target: Portico = portico,
  ): Promise<string> {
    const { signingKey, issuer, audience } = identityProviderOf(target);
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: issuer, aud: audience, sub: subject, iat: now, exp: now + 300, ...claims };
    const present = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
    return await new SignJWT(present)
      .setProtectedHeader({ alg: "RS256", kid: signingKey.kid, ...header })
      .sign(otherKey ?? (await importJWK(signingKey, "RS256")));
  }

  return { forged, idToken };
}
