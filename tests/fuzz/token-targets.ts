/** The targets that verify signed texts: access tokens, DPoP proofs and the headers that carry them. */
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { authenticate } from "../../shared/identity/authenticate.ts";
import { issueAccessToken, verifyAccessToken } from "../../shared/identity/access-tokens.ts";
import { hashAccessToken, isSameTarget, proofAlgorithms, verifyProof } from "../../shared/identity/dpop.ts";
import type { PublicKey } from "../../shared/identity/model.ts";
import type { Table } from "../../shared/runtime/table.ts";
import type { Target } from "./fuzzer.ts";

// A key of no stage, fixed so that the corpus means the same in every run.
const jwk = {
  kty: "OKP",
  crv: "Ed25519",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
  kid: "2026-11-20-11qYAYKx",
} as const;
const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
const publicJwk = createPublicKey(privateKey).export({ format: "jwk" });
const publicKey: PublicKey = { kty: "OKP", crv: "Ed25519", x: jwk.x, kid: jwk.kid, use: "sig", alg: "EdDSA" };

const issuer = "https://api.example.com";
const now = new Date("2026-11-20T12:00:00.000Z");
const findKey = async (kid: string): Promise<PublicKey | undefined> => (kid === jwk.kid ? publicKey : undefined);

/** The text as a signed JWS: the line before the first line break is its header, the rest its payload. */
function signed(text: string): string {
  const [header = "", ...payload] = text.split("\n");
  const input = [header, payload.join("\n")].map((part) => Buffer.from(part).toString("base64url")).join(".");
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`;
}

const tokenHeader = JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid: jwk.kid });
const partnerClaims = {
  ...{ iss: issuer, aud: issuer, sub: "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF", client_id: "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF" },
  ...{ iat: 1_795_176_000, exp: 4_102_444_800, jti: "1", principal: "partner", ver: 1, scope: "companies:read" },
};
const userClaims = { ...partnerClaims, sub: "usr_1", principal: "user", role: "admin", sid: "ses_1", scope: undefined };
const boundClaims = { ...partnerClaims, cnf: { jkt: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" } };

const claimNames = [
  "iss",
  "aud",
  "sub",
  "client_id",
  "iat",
  "exp",
  "nbf",
  "jti",
  "principal",
  "ver",
  "role",
  "sid",
  "cnf",
];

/** What the signature guarantees to have been said: the oracle reads it without the library. */
function spoken(text: string): { readonly header: Record<string, unknown>; readonly claims: Record<string, unknown> } {
  // UTF-8 has no form of a lone surrogate.
  const [header = "", ...payload] = text.toWellFormed().split("\n");
  return { header: JSON.parse(header), claims: JSON.parse(payload.join("\n")) };
}

const accessTokens: Target = {
  name: "access-tokens",
  seeds: [partnerClaims, userClaims, boundClaims].map((claims) => `${tokenHeader}\n${JSON.stringify(claims)}`),
  words: [
    ...claimNames.map((name) => `"${name}":`),
    "null",
    '"user"',
    '"partner"',
    '"root"',
    "at+jwt",
    "none",
    '"crit":["b64"],',
  ],
  check: async (text) => {
    const verified = await verifyAccessToken(signed(text), findKey, { issuer, expires: true });
    if (typeof verified === "string") {
      assert.ok(["token_invalid", "token_expired"].includes(verified));
      return;
    }
    const { header, claims } = spoken(text);
    assert.deepEqual([header.alg, header.kid], ["EdDSA", jwk.kid]);
    assert.match(String(header.typ), /^(application\/)?at\+jwt$/i);
    assert.equal(claims.iss, issuer);
    assert.ok([claims.aud].flat().includes(issuer));
    assert.ok(Number(claims.exp) > Date.now() / 1000);
    assert.equal(verified.principal.id, claims.sub);
    assert.equal(verified.principal.kind, claims.principal);
    assert.ok(Number.isInteger(claims.ver));
    assert.equal(verified.thumbprint, (claims.cnf as { jkt?: string } | undefined)?.jkt);
  },
};

const url = `${issuer}/v1/partners/me`;
const accessToken = "an.access.token";
const proofSeed = (claims: object, header: object = {}) =>
  `${JSON.stringify({ typ: "dpop+jwt", alg: "EdDSA", jwk: publicJwk, ...header })}\n${JSON.stringify({
    ...{ jti: "1", htm: "GET", htu: url, iat: now.getTime() / 1000, ath: hashAccessToken(accessToken) },
    ...claims,
  })}`;

const proofs: Target = {
  name: "proofs",
  seeds: [
    proofSeed({}),
    proofSeed({ htu: `${url}?limit=1#top`, nbf: 0 }),
    proofSeed({}, { jwk: { ...publicJwk, d: jwk.d } }),
    proofSeed({}, { alg: "ES256", jwk: { kty: "EC", crv: "P-256", x: "AA", y: "AA" } }),
    proofSeed({}, { alg: "PS256", jwk: { kty: "RSA", n: "AA", e: "AQAB" } }),
  ],
  words: ["jti", "htm", "htu", "iat", "ath", "jwk", '"d":', "dpop+jwt", "https://", "%2F", "..", ":443", "Ed25519"].map(
    String,
  ),
  check: async (text) => {
    const proof = await verifyProof([signed(text)], { method: "GET", url, accessToken, now });
    if (proof === undefined) return;
    const { header, claims } = spoken(text);
    assert.equal(header.typ, "dpop+jwt");
    assert.ok((proofAlgorithms as readonly unknown[]).includes(header.alg));
    assert.equal((header.jwk as { x?: string }).x, publicJwk.x);
    assert.ok(!Object.hasOwn(header.jwk as object, "d"));
    assert.equal(claims.htm, "GET");
    assert.equal(String(claims.htu).split(/[?#]/)[0]?.toLowerCase().startsWith("https:"), true);
    assert.ok(isSameTarget(String(claims.htu), url));
    assert.ok(Math.abs(Number(claims.iat) - now.getTime() / 1000) <= 60);
    assert.equal(claims.ath, hashAccessToken(accessToken));
    assert.equal(proof.id, claims.jti);
  },
};

/** No caller of this target has a token that counts, so the authorizer reads keys and nothing else. */
const keysOnly = { get: async () => ({ keys: [publicKey] }) } as unknown as Table;

const genuine = await issueAccessToken(
  { principal: { kind: "partner", id: "ptr_1", scopes: [] }, clientId: "ptr_1", version: 1 },
  jwk,
  { issuer: "https://elsewhere.example", lifetimeSeconds: undefined, now },
);

const authorization: Target = {
  name: "authorization",
  seeds: ["Bearer a.b.c", "DPoP a.b.c", `Bearer ${genuine.token}`, "Basic YTpi", "", genuine.token],
  words: ["Bearer ", "DPoP ", ".", "=", "eyJ", "bearer", "  "],
  check: async (text) => {
    const request = { authorization: text, proofs: [text], method: "GET", url, now };
    const outcome = await authenticate(request, keysOnly, {
      issuer,
      expires: true,
      administratorsNeedSecondFactor: false,
    });
    assert.ok("reason" in outcome, "accepted");
    assert.ok(["Bearer", "DPoP"].includes(outcome.scheme));
  },
};

export const tokenTargets: readonly Target[] = [accessTokens, proofs, authorization];
