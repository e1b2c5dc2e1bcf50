/**
 * DPoP (RFC 9449): the caller signs each request with the key that its access token is bound to, so a stolen token is useless
 * without that key.
 */
import { createHash, randomUUID } from "node:crypto";
import { calculateJwkThumbprint, importJWK, jwtVerify, type JWK, type JWTHeaderParameters } from "jose";
import * as z from "zod";

/** Asymmetric algorithms only: those of FAPI 2.0, and both names of EdDSA over Ed25519 (RFC 8037, RFC 9864). */
export const proofAlgorithms = ["ES256", "Ed25519", "EdDSA", "PS256"] as const;

/** The maximum age of a proof in seconds: a client makes one for each request. */
export const maxProofAgeSeconds = 60;

/** How far a proof may come from the future, in seconds: the tolerance between the client's clock and ours. */
export const proofToleranceSeconds = 30;

/** How much longer than it is accepted a used proof is remembered, in seconds: the clocks of two functions differ. */
const memoryMarginSeconds = 60;

/** A proof with an RSA key of 4096 bits has about 2,300 characters. */
const maxProofLength = 4096;

/** A proof that was valid for one request. Whether it was used before is for the table to say. */
export interface Proof {
  /** The thumbprint of the key (RFC 7638), which the claim `cnf.jkt` of a bound token names. */
  readonly thumbprint: string;
  /** The proof's `jti`. */
  readonly id: string;
  /** Names this use of the proof: a repeated attempt of the same use is no replay. */
  readonly use: string;
  /** When its use may be forgotten, in seconds of the epoch. */
  readonly forgottenFrom: number;
}

/** The request that a proof has to be made for. */
export interface ProvenRequest {
  readonly method: string;
  /** The URL that the caller used. */
  readonly url: string;
  /** The access token that the request presents; absent at the token endpoint, where the client has none yet. */
  readonly accessToken?: string;
  readonly now: Date;
}

/** The one spelling of its bytes: a key with two spellings would have two thumbprints. */
const base64url = z.string().refine((text) => Buffer.from(text, "base64url").toString("base64url") === text);

/** RFC 7518 §6 and RFC 8037 §2, without the members that only private and symmetric keys have. */
const publicKeySchema = z.discriminatedUnion("kty", [
  z.object({ kty: z.literal("EC"), crv: z.literal("P-256"), x: base64url, y: base64url }),
  z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: base64url }),
  // A large exponent or modulus would make the verification expensive.
  z.object({ kty: z.literal("RSA"), n: base64url.max(683), e: z.literal("AQAB") }),
]);

const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

const claimsSchema = z.object({
  jti: z.string().min(1),
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  ath: z.string().optional(),
});

/**
 * Checks a proof as RFC 9449 §4.3 says, but for its replay and for the key that the access token is bound to.
 *
 * @param proofs the values of the request's `DPoP` headers
 * @returns undefined for none, for several, and for one that proves nothing about this request
 */
export async function verifyProof(
  proofs: readonly string[],
  { method, url, accessToken, now }: ProvenRequest,
): Promise<Proof | undefined> {
  const [proof = "", ...others] = proofs;
  if (others.length > 0 || proof.length > maxProofLength) return undefined;
  const verified = await verifySignature(proof, now);
  if (verified === undefined) return undefined;
  const { claims, key } = verified;
  const ageSeconds = now.getTime() / 1000 - claims.iat;
  const isFresh = ageSeconds <= maxProofAgeSeconds && ageSeconds >= -proofToleranceSeconds;
  if (!isFresh || claims.htm !== method || !isSameTarget(claims.htu, url)) return undefined;
  if (accessToken !== undefined && claims.ath !== hashAccessToken(accessToken)) return undefined;
  return {
    thumbprint: await calculateJwkThumbprint(key),
    id: claims.jti,
    use: randomUUID(),
    forgottenFrom: Math.ceil(claims.iat) + maxProofAgeSeconds + memoryMarginSeconds,
  };
}

interface SignedProof {
  readonly claims: z.output<typeof claimsSchema>;
  readonly key: JWK;
}

async function verifySignature(proof: string, now: Date): Promise<SignedProof | undefined> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, async (header) => await importProofKey(header), {
      algorithms: [...proofAlgorithms],
      currentDate: now,
    });
    if (protectedHeader.typ !== "dpop+jwt") return undefined;
    return { claims: claimsSchema.parse(payload), key: readProofKey(protectedHeader) };
  } catch {
    // Everything in here is computed from what the caller sent, so every failure is the proof's: nothing else can fail.
    return undefined;
  }
}

async function importProofKey(header: JWTHeaderParameters) {
  return await importJWK(readProofKey(header), header.alg);
}

/** @throws Error for a key that is not public, or not of a known kind */
function readProofKey({ jwk }: JWTHeaderParameters): JWK {
  const isPrivate = privateMembers.some((name) => Object.hasOwn(jwk ?? {}, name));
  if (isPrivate) throw new Error("the key of a proof has to be public");
  return publicKeySchema.parse(jwk);
}

/** The claim `ath` (RFC 9449 §4.2). */
export function hashAccessToken(accessToken: string): string {
  return createHash("sha256").update(accessToken).digest("base64url");
}

/**
 * Whether `htu` names the URL of the request, without query and fragment and after the normalization of RFC 3986 §6.2.2 and
 * §6.2.3, as RFC 9449 §4.3 recommends.
 */
export function isSameTarget(htu: string, url: string): boolean {
  // The parser would drop white space and read a backslash as a slash.
  if (!/^[!-[\]-~]+$/.test(htu) || !URL.canParse(htu)) return false;
  const named = new URL(htu);
  const called = new URL(url);
  return (
    named.origin === called.origin &&
    `${named.username}${named.password}` === "" &&
    normalizedPath(named) === normalizedPath(called)
  );
}

/** The path with one form of percent-encoding. An encoded slash stays part of its segment. */
function normalizedPath({ pathname }: URL): string {
  return pathname
    .split("/")
    .map((segment) => {
      try {
        return encodeURIComponent(decodeURIComponent(segment));
      } catch {
        return segment;
      }
    })
    .join("/");
}
