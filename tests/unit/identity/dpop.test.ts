import { generateKeyPairSync } from "node:crypto";
import { exportJWK, generateKeyPair } from "jose";
import { isSameTarget, proofAlgorithms, verifyProof } from "../../../shared/identity/dpop.ts";
import { newProof, newProofKey, secondsFromNow, type ProofDifferences, type ProofKey } from "../../support/dpop.ts";

const url = "https://api.example.com/dev/v1/partners/me";
const token = "an.access.token";
const call = { method: "GET", url, token };

let key: ProofKey;
beforeAll(async () => {
  key = await newProofKey();
});

const verify = async (...proofs: readonly string[]) =>
  await verifyProof(proofs, { method: "GET", url, accessToken: token, now: new Date() });

describe("a proof is accepted", () => {
  test.each(proofAlgorithms)("with %s, and names its key and its use", async (algorithm) => {
    const own = await newProofKey(algorithm);
    const proof = await verify(await newProof(own, call, { claims: { jti: "one" } }));
    expect(proof).toMatchObject({ thumbprint: own.thumbprint, id: "one" });
    expect(proof?.forgottenFrom).toBeGreaterThan(secondsFromNow(60));
  });

  test.each<readonly [string, ProofDifferences]>([
    ["a URL with a query and a fragment", { claims: { htu: `${url}?limit=2#top` } }],
    [
      "a URL with the default port and another case",
      { claims: { htu: "HTTPS://API.example.com:443/dev/v1/partners/me" } },
    ],
    ["a URL with dot segments", { claims: { htu: "https://api.example.com/dev/v1/x/../partners/me" } }],
    ["a URL with another percent-encoding", { claims: { htu: "https://api.example.com/dev/v1/%70artners/me" } }],
    ["an age below a minute", { claims: { iat: secondsFromNow(-55) } }],
    ["a clock that is a few seconds ahead", { claims: { iat: secondsFromNow(25) } }],
    ["further claims", { claims: { nonce: "n", exp: secondsFromNow(10) } }],
  ])("with %s", async (_what, differences) => {
    expect(await verify(await newProof(key, call, differences))).toMatchObject({ thumbprint: key.thumbprint });
  });

  test("with further members in its key", async () => {
    const jwk = { ...key.publicJwk, kid: "mine", use: "sig", alg: "ES256" };
    expect(await verify(await newProof(key, call, { header: { jwk } }))).toMatchObject({ thumbprint: key.thumbprint });
  });

  test("without a hash of an access token where none is presented", async () => {
    const proof = await newProof(key, { method: "POST", url });
    expect(await verifyProof([proof], { method: "POST", url, now: new Date() })).toBeDefined();
  });
});

describe("a proof is refused", () => {
  test.each<readonly [string, ProofDifferences]>([
    ["another type", { header: { typ: "JWT" } }],
    ["its type as a media type", { header: { typ: "application/dpop+jwt" } }],
    ["no type", { header: { typ: undefined } }],
    ["no key", { header: { jwk: undefined } }],
    ["a key that is no object", { header: { jwk: "key" } }],
    ["a key of an unknown kind", { header: { jwk: { kty: "oct", k: "c2VjcmV0" } } }],
    ["the name of a key instead of a key", { header: { jwk: undefined, kid: "mine" } }],
    ["a critical extension", { header: { crit: ["example"], example: "x" } }],
    ["no id", { claims: { jti: undefined } }],
    ["an empty id", { claims: { jti: "" } }],
    ["an id that is no text", { claims: { jti: 1 } }],
    ["no method", { claims: { htm: undefined } }],
    ["another method", { claims: { htm: "POST" } }],
    ["the method in another case", { claims: { htm: "get" } }],
    ["no URL", { claims: { htu: undefined } }],
    ["another host", { claims: { htu: "https://api.example.org/dev/v1/partners/me" } }],
    ["another port", { claims: { htu: "https://api.example.com:8443/dev/v1/partners/me" } }],
    ["another scheme", { claims: { htu: "http://api.example.com/dev/v1/partners/me" } }],
    ["another path", { claims: { htu: "https://api.example.com/dev/v1/users/me" } }],
    ["a path in another case", { claims: { htu: "https://api.example.com/dev/V1/partners/me" } }],
    ["the path of another stage", { claims: { htu: "https://api.example.com/prod/v1/partners/me" } }],
    ["an encoded slash in its path", { claims: { htu: "https://api.example.com/dev/v1/partners%2Fme" } }],
    ["backslashes in its URL", { claims: { htu: "https:\\\\api.example.com\\dev\\v1\\partners\\me" } }],
    ["white space in its URL", { claims: { htu: "https://api.example.com/dev/v1/part\tners/me" } }],
    ["credentials in its URL", { claims: { htu: "https://a:b@api.example.com/dev/v1/partners/me" } }],
    ["a relative URL", { claims: { htu: "/dev/v1/partners/me" } }],
    ["no time", { claims: { iat: undefined } }],
    ["a time that is no number", { claims: { iat: "now" } }],
    ["a time more than a minute ago", { claims: { iat: secondsFromNow(-65) } }],
    ["a time more than half a minute ahead", { claims: { iat: secondsFromNow(40) } }],
    ["an endless time", { claims: { iat: 1e300 } }],
    ["an expiry that has passed", { claims: { exp: secondsFromNow(-1) } }],
    ["a beginning that is still to come", { claims: { nbf: secondsFromNow(600) } }],
    ["no hash of the token", { claims: { ath: undefined } }],
    ["the hash of another token", { claims: { ath: "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo" } }],
    ["the token instead of its hash", { claims: { ath: token } }],
    ["a time as a list", { claims: { iat: [secondsFromNow(0)] } }],
    ["more than 4096 characters", { claims: { padding: "x".repeat(4096) } }],
  ])("with %s", async (_what, differences) => {
    expect(await verify(await newProof(key, call, differences))).toBeUndefined();
  });

  test("with a key that is private or symmetric", async () => {
    const privateJwk = await exportJWK(key.privateKey);
    expect(await verify(await newProof(key, call, { header: { jwk: privateJwk } }))).toBeUndefined();
    const secret = new TextEncoder().encode("a secret of at least thirty-two bytes");
    const jwk = { kty: "oct", k: Buffer.from(secret).toString("base64url") };
    const symmetric = await newProof(key, call, { header: { alg: "HS256", jwk }, signer: secret });
    expect(await verify(symmetric)).toBeUndefined();
    // The public key as the secret: the classic confusion of algorithms.
    const confused = Buffer.from(JSON.stringify(key.publicJwk).padEnd(64));
    expect(await verify(await newProof(key, call, { header: { alg: "HS256" }, signer: confused }))).toBeUndefined();
  });

  test("with a second spelling of its key", async () => {
    const own = await newProofKey("Ed25519");
    const { x = "" } = own.publicJwk;
    for (const spelled of [`${x}=`, `${x.slice(0, 9)}]${x.slice(9)}`, ` ${x}`]) {
      const jwk = { ...own.publicJwk, x: spelled };
      expect(await verify(await newProof(own, call, { header: { jwk } }))).toBeUndefined();
    }
  });

  test("without a signature", async () => {
    const [, claims] = (await newProof(key, call)).split(".");
    const header = { typ: "dpop+jwt", alg: "none", jwk: key.publicJwk };
    const none = Buffer.from(JSON.stringify(header)).toString("base64url");
    expect(await verify(`${none}.${claims}.`)).toBeUndefined();
  });

  test("with the signature of another key", async () => {
    const other = await newProofKey();
    expect(await verify(await newProof(key, call, { signer: other.privateKey }))).toBeUndefined();
  });

  test("with an algorithm that is not supported", async () => {
    for (const algorithm of ["RS256", "ES384", "PS512"]) {
      expect(await verify(await newProof(await newProofKey(algorithm), call))).toBeUndefined();
    }
  });

  test("with a key of another kind than its algorithm", async () => {
    const { publicJwk } = await newProofKey("Ed25519");
    expect(await verify(await newProof(key, call, { header: { jwk: publicJwk } }))).toBeUndefined();
  });

  test("with an RSA key of an unusual exponent or too few bits", async () => {
    const { privateKey } = await generateKeyPair("PS256", { extractable: true });
    const { n } = await exportJWK(privateKey);
    const own = { ...key, algorithm: "PS256", privateKey, publicJwk: { kty: "RSA", n: n!, e: "Aw" } };
    expect(await verify(await newProof(own, call))).toBeUndefined();
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const jwk = short.publicKey.export({ format: "jwk" });
    const signed = await newProof({ ...own, publicJwk: { kty: "RSA", n: n!, e: "AQAB" } }, call);
    const [, claims, signature] = signed.split(".");
    const header = Buffer.from(JSON.stringify({ typ: "dpop+jwt", alg: "PS256", jwk })).toString("base64url");
    expect(await verify(`${header}.${claims}.${signature}`)).toBeUndefined();
  });

  test.each(["", "proof", "a.b", "a.b.c", "a.b.c.d", "{}", "😀", "..", " "])("that reads %j", async (text) => {
    expect(await verify(text)).toBeUndefined();
  });

  test("that is one of two, or of none", async () => {
    const proof = await newProof(key, call);
    expect(await verify(proof, proof)).toBeUndefined();
    expect(await verify(`${proof}, ${proof}`)).toBeUndefined();
    expect(await verify()).toBeUndefined();
  });

  test("with any single character changed", async () => {
    const proof = await newProof(key, call);
    for (let place = 0; place < proof.length - 1; place += 7) {
      const changed = `${proof.slice(0, place)}${proof[place] === "A" ? "E" : "A"}${proof.slice(place + 1)}`;
      expect(await verify(changed)).toBeUndefined();
    }
  });
});

test.each([
  ["https://api.example.com", "https://api.example.com/", true],
  ["https://api.example.com/a%2fb", "https://api.example.com/a%2Fb", true],
  ["https://api.example.com/a%2fb", "https://api.example.com/a/b", false],
  ["https://api.example.com/a/", "https://api.example.com/a", false],
  ["https://api.example.com/%zz", "https://api.example.com/%zz", true],
  ["https://api.example.com/é", "https://api.example.com/%C3%A9", false],
])("%s and %s name the same target: %s", (htu, called, same) => {
  expect(isSameTarget(htu, called)).toBe(same);
});
