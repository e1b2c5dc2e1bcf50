/**
 * The keys that sign access tokens: a JWK set (RFC 7517) with private members in Secrets Manager, its public half in the
 * table. So only what issues tokens can sign; what verifies them, the authorizer first, cannot.
 */
import { exportJWK, generateKeyPair, type JWK } from "jose";
import * as z from "zod";
import { unavailable } from "../api/problems.ts";
import type { Secrets } from "../secrets.ts";

/** EdDSA over Ed25519 (RFC 8037). */
export const signatureAlgorithm = "EdDSA";

const publicMembers = { kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string(), kid: z.string() };
const privateKeySetSchema = z.object({ keys: z.array(z.object({ ...publicMembers, d: z.string() })).min(1) });

export type SigningKey = z.output<typeof privateKeySetSchema>["keys"][number];

/** The set in Secrets Manager: the first key signs, the others are on their way in or out. */
export interface SigningKeySet {
  readonly keys: readonly SigningKey[];
}

export interface PublicKey extends JWK {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly use: "sig";
  readonly alg: "EdDSA";
}

/** A new key; its `kid` names the day of its making and is unique. */
export async function generateSigningKey(now: Date): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(signatureAlgorithm, { extractable: true });
  const { x = "", d = "" } = await exportJWK(privateKey);
  return { kty: "OKP", crv: "Ed25519", x, d, kid: `${now.toISOString().slice(0, 10)}-${x.slice(0, 8)}` };
}

/** The set that a secret's text holds; undefined where it holds none, as before the first deployment is finished. */
export function parseSigningKeySet(text: string): SigningKeySet | undefined {
  try {
    return privateKeySetSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * The key that signs now.
 *
 * @throws Problem `unavailable` before the first deployment is finished
 */
export async function currentSigningKey(secrets: Secrets): Promise<SigningKey> {
  const key = parseSigningKeySet(await secrets.read("signingKeys"))?.keys[0];
  if (key === undefined) throw unavailable();
  return key;
}

/** The halves that everyone may see. */
export function publicKeysOf({ keys }: SigningKeySet): readonly PublicKey[] {
  return keys.map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid, use: "sig", alg: signatureAlgorithm }));
}
