/** Access tokens with chosen differences from a genuine one. */
import { decodeJwt, decodeProtectedHeader, importJWK, SignJWT, type CryptoKey, type JWTPayload } from "jose";
import type { Host } from "../../infra/local/host.ts";
import { parseSigningKeySet, type SigningKey } from "../../shared/identity/signing-keys.ts";

interface Running {
  readonly host: Host;
}

/** The signing key of a running Portico, which no caller can read. */
export function signingKeyOf({ host }: Running): SigningKey {
  const arns = host.model.functions.map(({ environment }) => environment.SIGNING_KEYS_SECRET);
  const arn = arns.find((value) => value !== undefined);
  const key = parseSigningKeySet(host.secrets.current(arn ?? "") ?? "")?.keys[0];
  if (key === undefined) throw new Error("the host has no signing key");
  return key;
}

/** The differences; a claim or header member that is `undefined` is omitted. */
export interface Differences {
  readonly header?: Readonly<Record<string, string | undefined>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Default: Portico's own key. */
  readonly key?: CryptoKey | Uint8Array;
}

/** The genuine token with the differences, signed again. */
export async function forge(
  portico: Running,
  genuine: string,
  { header = {}, claims = {}, key }: Differences,
): Promise<string> {
  const payload = withoutUndefined({ ...decodeJwt(genuine), ...claims }) as JWTPayload;
  const protectedHeader = withoutUndefined({ ...decodeProtectedHeader(genuine), ...header });
  return await new SignJWT(payload)
    .setProtectedHeader(protectedHeader as { alg: string })
    .sign(key ?? (await importJWK(signingKeyOf(portico), "EdDSA")));
}

/** A token of these parts with this signature, valid or not. */
export function assemble(header: unknown, claims: unknown, signature: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part(header)}.${part(claims)}.${signature}`;
}

function withoutUndefined(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
