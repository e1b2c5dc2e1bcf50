/** Access tokens that are bound to a key (RFC 9449), from the token endpoint to every protected operation. */
import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import type { Answer } from "../../support/answer.ts";
import { dpopCalls, newProof, newProofKey, secondsFromNow, type ProofKey } from "../../support/dpop.ts";
import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import {
  accessTokenType,
  credentials,
  expectOAuthError,
  identityProviderOf,
  jwtType,
  tokenExchange,
} from "../../support/oauth-answers.ts";
import { newPerson } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { rawCall } from "../../support/raw.ts";
import { codesOf } from "../../support/sessions.ts";

const portico = Portico.forSuite();
const { requestBoundToken, boundToken, present, presentProven } = dpopCalls(portico);

const algorithms = "ES256 Ed25519 EdDSA PS256";
const self = "/v1/partners/me";

let key: ProofKey;
beforeAll(async () => {
  key = await newProofKey();
});

/** Expects the challenge of RFC 9449 §7.1. */
function expectChallenge(answer: Answer, code: "proof_invalid" | "token_invalid" | "token_revoked"): void {
  expectProblem(answer, 401, code);
  const error = code === "proof_invalid" ? "invalid_dpop_proof" : "invalid_token";
  expect(answer.headers.get("www-authenticate")).toBe(`DPoP error="${error}", algs="${algorithms}"`);
}

async function bound() {
  const partner = await portico.registerPartner();
  return { ...partner, token: await boundToken(partner, key) };
}

const proofFor = async (token: string, claims = {}) =>
  await newProof(key, { method: "GET", url: `${portico.url}${self}`, token }, { claims });

describe("a bound token", () => {
  test.each(algorithms.split(" "))("is issued for a key of %s and names its thumbprint", async (algorithm) => {
    const own = await newProofKey(algorithm);
    const token = await boundToken(await portico.registerPartner(), own);
    expect(decodeJwt(token).cnf).toEqual({ jkt: own.thumbprint });
    expect((await presentProven(token, own)).status).toBe(200);
  });

  test("is accepted with a new proof for each request, in any case of the scheme", async () => {
    const { token } = await bound();
    expect((await presentProven(token, key)).status).toBe(200);
    expect((await presentProven(token, key)).status).toBe(200);
    const headers = { authorization: `dpop ${token}`, dpop: await proofFor(token) };
    expect((await portico.call("GET", self, { headers })).status).toBe(200);
  });

  test("is refused as a bearer token, with a proof or without one", async () => {
    const { token } = await bound();
    const answers = [
      await portico.call("GET", self, { token }),
      await portico.call("GET", self, { token, headers: { dpop: await proofFor(token) } }),
    ];
    for (const answer of answers) expectChallenge(answer, "token_invalid");
    expect(await codesOf(portico, answers[0]!)).toContain("token_forged");
  });

  test("is refused with the proof of another key", async () => {
    const { token } = await bound();
    expectChallenge(await presentProven(token, await newProofKey()), "token_invalid");
  });

  test("is refused without a proof and with one for another request", async () => {
    const { token } = await bound();
    const url = `${portico.url}${self}`;
    const proofs = [
      undefined,
      "garbage",
      await newProof(key, { method: "POST", url, token }),
      await newProof(key, { method: "GET", url: `${portico.url}/v1/companies`, token }),
      await newProof(key, { method: "GET", url: `https://elsewhere.example${self}`, token }),
      await newProof(key, { method: "GET", url, token: `${token}x` }),
      await newProof(key, { method: "GET", url }),
      await proofFor(token, { iat: secondsFromNow(-120) }),
      await proofFor(token, { iat: secondsFromNow(120) }),
    ];
    for (const proof of proofs) expectChallenge(await present(token, proof), "proof_invalid");
  });

  test("is refused with two proofs", async () => {
    const { token } = await bound();
    const dpop = [await proofFor(token), await proofFor(token)];
    const answer = await rawCall(portico.url, "GET", self, { headers: { authorization: `DPoP ${token}`, dpop } });
    expectChallenge(answer, "proof_invalid");
  });

  test("ignores the query in a proof, and covers encoded paths", async () => {
    const { token } = await bound();
    expect((await presentProven(token, key, "/v1/subscriptions?limit=1")).status).toBe(200);
    const path = "/v1/subscriptions/a%2Fb%20c";
    expectProblem(await presentProven(token, key, path), 404, "not_found");
  });

  test("ends like any other token", async () => {
    const { id, secret, token } = await bound();
    const newer = await boundToken({ id, secret }, key);
    expectChallenge(await presentProven(token, key), "token_revoked");
    expect((await presentProven(newer, key)).status).toBe(200);
  });

  test("is introspected with its type and its key (RFC 9449 §6.2)", async () => {
    const { token, ...partner } = await bound();
    const form = { token, ...credentials(partner) };
    const { body } = await portico.call("POST", "/oauth/introspect", { form });
    expect(body).toMatchObject({ active: true, token_type: "DPoP", cnf: { jkt: key.thumbprint } });
    const { token: bearer, ...other } = await portico.partnerWithToken();
    const plain = await portico.call("POST", "/oauth/introspect", { form: { token: bearer, ...credentials(other) } });
    expect(plain.body).toMatchObject({ active: true, token_type: "Bearer" });
    expect(plain.body).not.toHaveProperty("cnf");
  });
});

describe("an unbound token", () => {
  test("is refused with a proof", async () => {
    const { token } = await portico.partnerWithToken();
    expectTokenRefused(await presentProven(token, key), "token_invalid");
  });

  test("is accepted as a bearer token, whatever stands in the DPoP header", async () => {
    const { token } = await portico.partnerWithToken();
    expect((await portico.call("GET", self, { token, headers: { dpop: "garbage" } })).status).toBe(200);
  });
});

test("a request without a token gets both challenges", async () => {
  const answer = await portico.call("GET", self);
  expectProblem(answer, 401, "token_missing");
  expect(answer.headers.get("www-authenticate")).toBe(`Bearer realm="portico", DPoP algs="${algorithms}"`);
});

describe("a proof is accepted once", () => {
  test("of fifty parallel requests with one proof, one succeeds", async () => {
    const { token } = await bound();
    const proof = await proofFor(token);
    const answers = await inParallel(50, async () => await present(token, proof));
    expect(tally(answers.map(({ status, body }) => (status === 200 ? "200" : `${status} ${body.code}`)))).toEqual({
      "200": 1,
      "401 proof_invalid": 49,
    });
    const refused = answers.find(({ status }) => status === 401)!;
    expectChallenge(refused, "proof_invalid");
    expect(await codesOf(portico, refused)).toEqual(expect.arrayContaining(["token_refused", "proof_replayed"]));
  });

  test("of fifty parallel requests for a token with one proof, one succeeds and its token is valid", async () => {
    const partner = await portico.registerPartner();
    const proof = await newProof(key, { method: "POST", url: `${portico.url}/oauth/token` });
    const answers = await inParallel(50, async () => await requestBoundToken(partner, key, { proof }));
    expect(tally(answers.map(({ status, body }) => (status === 200 ? "200" : `${status} ${body.error}`)))).toEqual({
      "200": 1,
      "400 invalid_dpop_proof": 49,
    });
    const { access_token: token } = answers.find(({ status }) => status === 200)!.body;
    expect((await presentProven(token, key)).status).toBe(200);
  });

  test("two keys may use the same id", async () => {
    const jti = randomUUID();
    const { token } = await bound();
    const other = await newProofKey();
    const others = await boundToken(await portico.registerPartner(), other);
    expect((await present(token, await proofFor(token, { jti }))).status).toBe(200);
    const call = { method: "GET", url: `${portico.url}${self}`, token: others };
    expect((await present(others, await newProof(other, call, { claims: { jti } }))).status).toBe(200);
    expectChallenge(await present(token, await proofFor(token, { jti })), "proof_invalid");
  });
});

describe("the token endpoint", () => {
  test("refuses an invalid proof with invalid_dpop_proof, and the previous token stays valid", async () => {
    const { token, ...partner } = await bound();
    const call = { method: "POST", url: `${portico.url}/oauth/token` };
    const proofs = [
      "garbage",
      await newProof(key, { ...call, method: "GET" }),
      await newProof(key, { ...call, url: `${portico.url}/oauth/introspect` }),
      await newProof(key, call, { claims: { iat: secondsFromNow(-120) } }),
      await newProof(key, call, { header: { typ: "JWT" } }),
    ];
    for (const proof of proofs) {
      expectOAuthError(await requestBoundToken(partner, key, { proof }), 400, "invalid_dpop_proof");
    }
    expect((await presentProven(token, key)).status).toBe(200);
  });

  test("does not use up the proof of a request with a wrong secret", async () => {
    const partner = await portico.registerPartner();
    const proof = await newProof(key, { method: "POST", url: `${portico.url}/oauth/token` });
    expectOAuthErrorCode(await requestBoundToken({ ...partner, secret: "wrong" }, key, { proof }), "invalid_client");
    expect((await requestBoundToken(partner, key, { proof })).status).toBe(200);
  });
});

function expectOAuthErrorCode(answer: Answer, error: string): void {
  expect(answer.body).toMatchObject({ error });
}

describe("a partner that requires bound tokens", () => {
  const requireBinding = async (id: string, dpopBoundAccessTokens = true) =>
    await portico.callAsRoot("PATCH", `/v1/partners/${id}`, { dpopBoundAccessTokens });

  test("loses its tokens at the change and gets bound ones alone", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    const changed = await requireBinding(partner.id);
    expect(changed.body).toMatchObject({ dpopBoundAccessTokens: true });
    expectTokenRefused(await portico.call("GET", self, { token }), "token_revoked");
    expectOAuthError(await portico.requestToken(partner), 400, "invalid_request");
    expect((await presentProven(await boundToken(partner, key), key)).status).toBe(200);
  });

  test("no longer requires them after the change back, and a token refused before stays refused", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    await requireBinding(partner.id);
    const ofKey = await boundToken(partner, key);
    expect((await requireBinding(partner.id, false)).body).toMatchObject({ dpopBoundAccessTokens: false });
    expectTokenRefused(await portico.call("GET", self, { token }), "token_revoked");
    expect((await presentProven(ofKey, key)).status).toBe(200);
    expect((await portico.requestToken(partner)).status).toBe(200);
  });

  test("a change to what it is already keeps the entity tag", async () => {
    const { id } = await portico.registerPartner();
    const [first, second] = [await requireBinding(id, false), await requireBinding(id, false)];
    expect([first.body.etag, second.body.etag]).toEqual(['"1"', '"1"']);
  });

  test("decides it itself with partner:manage", async () => {
    const partner = await portico.registerPartner();
    const path = `/v1/partners/${partner.id}`;
    const json = { dpopBoundAccessTokens: true };
    const narrow = await portico.partnerToken(partner, "companies:read");
    expectProblem(await portico.call("PATCH", path, { token: narrow, json }), 403, "insufficient_scope");
    const manager = await portico.partnerToken(partner, "partner:manage");
    for (const more of [{ name: "Other" }, { ...json, status: "active" }, { tokenPolicy: "many" }]) {
      expectProblem(await portico.call("PATCH", path, { token: manager, json: more }), 403, "forbidden");
    }
    const { id: other } = await portico.registerPartner();
    const elsewhere = await portico.call("PATCH", `/v1/partners/${other}`, { token: manager, json });
    expectProblem(elsewhere, 404, "not_found");
    const changed = await portico.call("PATCH", path, { token: manager, json });
    expect({ status: changed.status, bound: changed.body.dpopBoundAccessTokens }).toEqual({ status: 200, bound: true });
    expectOAuthError(await portico.requestToken(partner), 400, "invalid_request");
  });

  test.each(["single", "many"])(
    "never has an unbound token, whatever runs in parallel, by the policy %s",
    async (policy) => {
      const partner = await portico.registerPartner();
      await portico.callAsRoot("PATCH", `/v1/partners/${partner.id}`, { tokenPolicy: policy });
      const [issued] = await Promise.all([
        inParallel(25, async () => await portico.requestToken(partner)),
        requireBinding(partner.id),
      ]);
      await requireBinding(partner.id, false);
      const tokens = issued.flatMap(({ body }) =>
        body.access_token === undefined ? [] : [body.access_token as string],
      );
      for (const token of tokens) expectTokenRefused(await portico.call("GET", self, { token }), "token_revoked");
      expect(tally(issued.map(({ status }) => status))).toEqual(
        expect.not.objectContaining({ "500": expect.anything() }),
      );
    },
  );
});

describe("a person's session", () => {
  const endpoint = () => ({ method: "POST", url: `${portico.url}/oauth/token` });

  async function exchange(own: ProofKey | undefined): Promise<Answer> {
    const token = await identityProviderOf(portico).token(`subject-${randomUUID()}`, { name: "Ada Lovelace" });
    const form = { grant_type: tokenExchange, client_id: "web", subject_token: token, subject_token_type: jwtType };
    const headers = { ...(own !== undefined && { dpop: await newProof(own, endpoint()) }) };
    return await portico.call("POST", "/oauth/token", { form, headers });
  }

  async function refresh(refreshToken: string, proof?: string): Promise<Answer> {
    const form = { grant_type: "refresh_token", client_id: "web", refresh_token: refreshToken };
    return await portico.call("POST", "/oauth/token", { form, headers: proof === undefined ? {} : { dpop: proof } });
  }

  test("that begins with a proof is bound to its key, refresh tokens included", async () => {
    const { body } = await exchange(key);
    expect(body).toMatchObject({ token_type: "DPoP", issued_token_type: accessTokenType });
    expect((await presentProven(body.access_token, key, "/v1/users/me")).status).toBe(200);
    expectChallenge(await portico.call("GET", "/v1/users/me", { token: body.access_token }), "token_invalid");

    const stranger = await newProofKey();
    expectOAuthError(await refresh(body.refresh_token), 400, "invalid_grant");
    expectOAuthError(await refresh(body.refresh_token, await newProof(stranger, endpoint())), 400, "invalid_grant");
    const next = await refresh(body.refresh_token, await newProof(key, endpoint()));
    expect(next.body).toMatchObject({ token_type: "DPoP" });
    expect((await presentProven(next.body.access_token, key, "/v1/users/me")).status).toBe(200);
    // A spent token without the key ends nothing.
    expectOAuthError(await refresh(body.refresh_token), 400, "invalid_grant");
    expect((await refresh(next.body.refresh_token, await newProof(key, endpoint()))).status).toBe(200);
  });

  test("of bearer tokens is bound from its first refresh with a proof on", async () => {
    const { refreshToken } = await newPerson(portico);
    const next = await refresh(refreshToken, await newProof(key, endpoint()));
    expect(next.body).toMatchObject({ token_type: "DPoP" });
    expect((await presentProven(next.body.access_token, key, "/v1/users/me")).status).toBe(200);
    expectOAuthError(await refresh(next.body.refresh_token), 400, "invalid_grant");
    expect((await refresh(next.body.refresh_token, await newProof(key, endpoint()))).status).toBe(200);
  });

  test("gets a lost answer again with a new proof of the same key, not with the same proof", async () => {
    const { body } = await exchange(key);
    const proof = await newProof(key, endpoint());
    const first = await refresh(body.refresh_token, proof);
    expectOAuthError(await refresh(body.refresh_token, proof), 400, "invalid_dpop_proof");
    const again = await refresh(body.refresh_token, await newProof(key, endpoint()));
    expect(again.body.refresh_token).toBe(first.body.refresh_token);
  });

  test("of bearer tokens stays one without proofs", async () => {
    const { body } = await exchange(undefined);
    expect(body).toMatchObject({ token_type: "Bearer" });
    expect((await refresh(body.refresh_token)).body).toMatchObject({ token_type: "Bearer" });
  });
});
