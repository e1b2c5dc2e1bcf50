/** DPoP proofs (RFC 9449), genuine and forged, and the requests that carry them. */
import { createHash, randomUUID } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import type { Answer } from "./answer.ts";
import type { Portico, TestPartner } from "./portico.ts";

/** A client's key. */
export interface ProofKey {
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly thumbprint: string;
}

export async function newProofKey(algorithm = "ES256"): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  return { algorithm, privateKey, publicJwk, thumbprint: await calculateJwkThumbprint(publicJwk) };
}

/** The differences from a genuine proof; a member that is `undefined` is omitted. */
export interface ProofDifferences {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly signer?: CryptoKey | Uint8Array;
}

export interface ProvenCall {
  readonly method: string;
  readonly url: string;
  readonly token?: string;
}

export const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

export async function newProof(
  key: ProofKey,
  { method, url, token }: ProvenCall,
  { header = {}, claims = {}, signer }: ProofDifferences = {},
): Promise<string> {
  const ath = token === undefined ? undefined : createHash("sha256").update(token).digest("base64url");
  const payload = { jti: randomUUID(), htm: method, htu: url, iat: secondsFromNow(0), ath, ...claims };
  const protectedHeader = { typ: "dpop+jwt", alg: key.algorithm, jwk: key.publicJwk, ...header };
  // The library refuses members that are `undefined`.
  const plain = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;
  return await new SignJWT(plain(payload))
    .setProtectedHeader(plain(protectedHeader))
    .sign(signer ?? key.privateKey, { crit: { example: true } });
}

export function dpopCalls(portico: Portico) {
  const { call } = portico;

  /** A request for a partner's token with a proof. */
  async function requestBoundToken(
    { id, secret }: Pick<TestPartner, "id" | "secret">,
    key: ProofKey,
    { proof, scope }: { readonly proof?: string; readonly scope?: string } = {},
  ): Promise<Answer> {
    const dpop = proof ?? (await newProof(key, { method: "POST", url: `${portico.url}/oauth/token` }));
    const form = {
      grant_type: "client_credentials",
      client_id: id,
      client_secret: secret,
      ...(scope !== undefined && { scope }),
    };
    return await call("POST", "/oauth/token", { form, headers: { dpop } });
  }

  async function boundToken(partner: Pick<TestPartner, "id" | "secret">, key: ProofKey): Promise<string> {
    const { status, body } = await requestBoundToken(partner, key);
    expect({ status, type: body.token_type }).toEqual({ status: 200, type: "DPoP" });
    return body.access_token as string;
  }

  /** A request with a bound token and this proof, or without one. */
  async function present(token: string, proof?: string, path = "/v1/partners/me"): Promise<Answer> {
    const headers = { authorization: `DPoP ${token}`, ...(proof !== undefined && { dpop: proof }) };
    return await call("GET", path, { headers });
  }

  /** A request with a bound token and a new proof. */
  async function presentProven(token: string, key: ProofKey, path = "/v1/partners/me"): Promise<Answer> {
    return await present(token, await newProof(key, { method: "GET", url: `${portico.url}${path}`, token }), path);
  }

  return { requestBoundToken, boundToken, present, presentProven };
}
