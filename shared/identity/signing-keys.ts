/**
 * The keys that sign access tokens: a JWK set (RFC 7517) with private members in Secrets Manager, its public half in the
 * table. So only what issues tokens can sign; what verifies them, the authorizer first, cannot.
 */
import { exportJWK, generateKeyPair } from "jose";
import * as z from "zod";
import { unavailable } from "../domain/problems.ts";
import type { Secrets } from "../runtime/secrets.ts";
import type { PublicKey } from "./model.ts";

/** EdDSA over Ed25519 (RFC 8037). */
export const signatureAlgorithm = "EdDSA";

const publicMembers = { kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string(), kid: z.string() };
const privateKeySetSchema = z.object({
  keys: z
    .array(
      z.object({
        ...publicMembers,
        d: z.string(),
        /** When it had certainly ceased to sign, in seconds of the epoch; absent for the key that signs and the one before. */
        retiredAt: z.int().optional(),
      }),
    )
    .min(1),
});

export type SigningKey = z.output<typeof privateKeySetSchema>["keys"][number];

/** The set in Secrets Manager: the first key signs, the others are on their way in or out. */
export interface SigningKeySet {
  readonly keys: readonly SigningKey[];
}

/** A new key; its `kid` names the day of its making and is unique. */
export async function generateSigningKey(now: Date): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(signatureAlgorithm, { extractable: true });
  const { x = "", d = "" } = await exportJWK(privateKey);
  return { kty: "OKP", crv: "Ed25519", x, d, kid: `${now.toISOString().slice(0, 10)}-${x.slice(0, 8)}` };
}

/** How long functions may go on signing with a key after it has ceased to be the current one, generously, in seconds. */
const marginSeconds = 15 * 60;

/**
 * The set after a rotation: a new key signs, the one before goes on verifying, and those whose last token has expired are
 * gone. A rotation may take days where it fails and is taken up again, and the present key signs until it ends: so the time
 * of a key's retirement is set at the rotation after, when it has surely passed.
 *
 * @param maxLifetimeSeconds of any access token; undefined where tokens never expire
 */
export function rotateKeySet(
  { keys: [signing, ...retired] }: SigningKeySet,
  newKey: SigningKey,
  maxLifetimeSeconds: number | undefined,
  now: Date,
): SigningKeySet {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  const oldest = maxLifetimeSeconds === undefined ? 0 : nowSeconds - maxLifetimeSeconds - marginSeconds;
  const stillNeeded = retired
    .map((key) => ({ ...key, retiredAt: key.retiredAt ?? nowSeconds }))
    .filter(({ retiredAt }) => retiredAt > oldest);
  return { keys: [newKey, ...(signing === undefined ? [] : [signing]), ...stillNeeded] };
}

/** Whether a set was made from this one by a rotation, and not from one that was replaced since, as after a key has leaked. */
export function continuesKeySet(next: SigningKeySet, current: SigningKeySet): boolean {
  return next.keys.some(({ kid }) => kid === current.keys[0]?.kid);
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
