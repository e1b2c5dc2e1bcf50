/** Token exchange (RFC 8693): users of the external identity provider get sessions. */
import { createHmac, createPublicKey, type JsonWebKey } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, importJWK } from "jose";
import { assemble } from "../../../support/forgery.ts";
import {
  accessTokenType,
  exchange,
  expectInvalidClient,
  expectOAuthError,
  externalSession,
  identityProviderOf,
  jwtType,
  logged,
} from "../../../support/oauth-answers.ts";
import type { Answer } from "../../../support/answer.ts";
import { inParallel, Portico, tally } from "../../../support/portico.ts";
import { externalTokens, newSubject } from "../../../support/external-tokens.ts";

const portico = Portico.forSuite();

async function self(token: string): Promise<Answer> {
  return await portico.call("GET", "/v1/users/me", { token });
}

async function asRoot(method: string, path: string, json?: unknown): Promise<Answer> {
  return await portico.call(method, path, { token: await portico.rootToken(), json });
}

const { forged, idToken } = externalTokens(portico);

/** The ids of all users. */
async function userIds(): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { body }: Answer = await asRoot("GET", `/v1/users?limit=100${query}`);
    ids.push(...body.items.map(({ id }: { readonly id: string }) => id));
    cursor = body.nextCursor;
  } while (cursor !== null);
  return ids;
}

describe("the first token of a subject", () => {
  test("creates a user with the provider's name, and a session", async () => {
    const answer = await exchange(portico, await idToken(newSubject(), { name: "Ada Lovelace" }));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      issued_token_type: accessTokenType,
      token_type: "Bearer",
      expires_in: 900,
      refresh_token: expect.any(String),
    });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("pragma")).toBe("no-cache");
    const { status, body: user } = await self(answer.body.access_token);
    expect(status).toBe(200);
    expect(user).toMatchObject({ name: "Ada Lovelace", role: "user", status: "active", credit: 0 });
  });

  test("the access token contains the user id, not the provider's subject", async () => {
    const subject = newSubject();
    const { accessToken } = await externalSession(portico, subject);
    const claims = decodeJwt(accessToken);
    expect(claims).toMatchObject({
      iss: portico.url,
      aud: portico.url,
      sub: expect.stringMatching(/^usr_/),
      client_id: "web",
      principal: "user",
      role: "user",
      sid: expect.stringMatching(/^ses_/),
    });
    expect(JSON.stringify(claims)).not.toContain(subject);
  });

  test.each<[string, unknown]>([
    ["no name", undefined],
    ["an empty name", "  "],
    ["a name that is not a string", { given: "Ada" }],
  ])("with %s, the user gets the username as name", async (_what, name) => {
    const { accessToken } = await externalSession(portico, newSubject(), { name });
    const { body } = await self(accessToken);
    expect(body.username).toMatch(/^ext-[0-9a-z]{26}$/);
    expect(body.name).toBe(body.username);
  });

  test("a long name with line breaks becomes one line of at most 80 characters", async () => {
    const { accessToken } = await externalSession(portico, newSubject(), { name: `A\nB\u0000${"😀".repeat(100)}` });
    const { body } = await self(accessToken);
    expect(body.name).toBe(`A B ${"😀".repeat(76)}`);
  });

  test("a name loses the characters that nobody sees", async () => {
    const { accessToken } = await externalSession(portico, newSubject(), { name: "Ada\u202e\u200b Lovelace" });
    expect((await self(accessToken)).body.name).toBe("Ada Lovelace");
  });

  test("is also accepted as an ID token and with an explicit requested type", async () => {
    const answer = await exchange(portico, await idToken(newSubject()), {
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      requested_token_type: accessTokenType,
    });
    expect(answer.status).toBe(200);
  });

  test("ten parallel exchanges of ten tokens create one user with ten sessions", async () => {
    const before = await userIds();
    const subject = newSubject();
    const tokens = await inParallel(10, () => idToken(subject, { name: "Grace Hopper" }));
    const answers = await inParallel(10, (index) => exchange(portico, tokens[index]!));
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 10 });
    const users = answers.map(({ body }) => decodeJwt(body.access_token).sub!);
    expect(new Set(users).size).toBe(1);
    expect((await userIds()).filter((id) => !before.includes(id))).toEqual([users[0]]);
    const alive = await Promise.all(answers.map(({ body }) => self(body.access_token)));
    expect(tally(alive.map(({ status }) => status))).toEqual({ 200: 10 });
  });
});

describe("a later token of a subject", () => {
  test("finds the same user and keeps the user's changes", async () => {
    const subject = newSubject();
    const { accessToken } = await externalSession(portico, subject, { name: "Ada" });
    await portico.call("PATCH", "/v1/users/me", { token: accessToken, json: { name: "Countess Lovelace" } });
    const later = await externalSession(portico, subject, { name: "Ada" });
    expect((await self(later.accessToken)).body).toMatchObject({
      id: decodeJwt(accessToken).sub,
      name: "Countess Lovelace",
    });
  });

  test("creates another session, and both can be refreshed", async () => {
    const subject = newSubject();
    const sessions = [await externalSession(portico, subject), await externalSession(portico, subject)];
    for (const { accessToken, refreshToken } of sessions) {
      expect((await self(accessToken)).status).toBe(200);
      const form = { grant_type: "refresh_token", client_id: "web", refresh_token: refreshToken };
      expect((await portico.call("POST", "/oauth/token", { form })).status).toBe(200);
    }
  });

  test("carries the user's current role", async () => {
    const subject = newSubject();
    const id = decodeJwt((await externalSession(portico, subject)).accessToken).sub!;
    expect((await asRoot("PATCH", `/v1/users/${id}`, { role: "admin" })).status).toBe(200);
    const { accessToken } = await externalSession(portico, subject);
    expect(decodeJwt(accessToken).role).toBe("admin");
    expect((await portico.call("GET", "/v1/users", { token: accessToken })).status).toBe(200);
  });

  test("is rejected while the user is suspended, and accepted afterwards", async () => {
    const subject = newSubject();
    const { accessToken } = await externalSession(portico, subject);
    const id = decodeJwt(accessToken).sub!;
    await asRoot("PATCH", `/v1/users/${id}`, { status: "suspended" });
    expectOAuthError(await exchange(portico, await idToken(subject)), 400, "invalid_request");
    expect((await self(accessToken)).body.code).toBe("token_revoked");
    await asRoot("PATCH", `/v1/users/${id}`, { status: "active" });
    expect(decodeJwt((await externalSession(portico, subject)).accessToken).sub).toBe(id);
  });

  test("is rejected after the user's deletion and creates no new user", async () => {
    const subject = newSubject();
    const id = decodeJwt((await externalSession(portico, subject)).accessToken).sub!;
    expect((await asRoot("DELETE", `/v1/users/${id}`)).status).toBe(204);
    const before = await userIds();
    expectOAuthError(await exchange(portico, await idToken(subject)), 400, "invalid_request");
    expect(await userIds()).toEqual(before);
  });
});

describe("an untrusted token is invalid_request and creates no user", () => {
  async function expectRefused(token: string): Promise<void> {
    const before = await userIds();
    expectOAuthError(await exchange(portico, token), 400, "invalid_request");
    expect(await userIds()).toEqual(before);
  }

  test("accepts the forged token without differences, so the rejections below are meaningful", async () => {
    expect((await exchange(portico, await forged(newSubject()))).status).toBe(200);
  });

  test("a token without a signature (alg none)", async () => {
    const genuine = await idToken(newSubject());
    for (const alg of ["none", "None", "nOnE"]) {
      const header = { ...decodeProtectedHeader(genuine), alg };
      await expectRefused(assemble(header, decodeJwt(genuine), ""));
      await expectRefused(assemble(header, decodeJwt(genuine), genuine.split(".")[2]!));
    }
  });

  test("a token signed by HMAC with the provider's public key", async () => {
    const genuine = await idToken(newSubject());
    const { kty, n, e } = identityProviderOf(portico).signingKey;
    const publicKey = createPublicKey({ key: { kty, n, e } as JsonWebKey, format: "jwk" });
    const secrets = [
      publicKey.export({ type: "spki", format: "pem" }),
      publicKey.export({ type: "spki", format: "der" }),
      JSON.stringify({ kty, n, e }),
    ];
    for (const secret of secrets) {
      const header = { ...decodeProtectedHeader(genuine), alg: "HS256" };
      const [head, payload] = assemble(header, decodeJwt(genuine), "").split(".");
      const signature = createHmac("sha256", secret).update(`${head}.${payload}`).digest("base64url");
      await expectRefused(`${head}.${payload}.${signature}`);
    }
  });

  test("a token signed by another key with the same kid or without a kid", async () => {
    const { privateKey } = await generateKeyPair("RS256");
    await expectRefused(await forged(newSubject(), { key: privateKey }));
    await expectRefused(await forged(newSubject(), { key: privateKey, header: { kid: undefined } }));
  });

  test("a token of an unpublished key", async () => {
    const { privateKey } = await generateKeyPair("RS256");
    await expectRefused(await forged(newSubject(), { key: privateKey, header: { kid: "unknown" } }));
  });

  test("a token that contains its own key or a link to it", async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    const jwk = await exportJWK(publicKey);
    await expectRefused(await forged(newSubject(), { key: privateKey, header: { jwk, kid: "mine" } }));
    await expectRefused(await forged(newSubject(), { key: privateKey, header: { jku: "https://evil.example/jwks" } }));
  });

  test("a token with an algorithm that the stage does not allow", async () => {
    const { signingKey } = identityProviderOf(portico);
    const { alg: _alg, ...key } = signingKey;
    for (const alg of ["RS512", "PS256"]) {
      const signer = await importJWK({ ...key }, alg);
      await expectRefused(await forged(newSubject(), { header: { alg }, key: signer }));
    }
  });

  const hour = 3600;
  const now = () => Math.floor(Date.now() / 1000);
  test.each<[string, () => Readonly<Record<string, unknown>>]>([
    ["another audience", () => ({ aud: "another" })],
    ["no audience", () => ({ aud: undefined })],
    ["another issuer", () => ({ iss: "https://id.example.com" })],
    ["an issuer that only starts like the provider's", () => ({ iss: `${identityProviderOf(portico).issuer}/` })],
    ["no issuer", () => ({ iss: undefined })],
    ["an expiry in the past", () => ({ iat: now() - 2 * hour, exp: now() - hour })],
    ["an expiry a minute ago, beyond the clock tolerance", () => ({ iat: now() - hour / 2, exp: now() - 60 })],
    ["an expiry in 95 years", () => ({ exp: now() + 95 * 365 * 24 * hour })],
    ["an age of more than an hour", () => ({ iat: now() - hour - 60, exp: now() + hour })],
    ["a time of issue in the future", () => ({ iat: now() + 90, exp: now() + hour })],
    ["no time of issue", () => ({ iat: undefined })],
    ["a time of issue that is not a number", () => ({ iat: "today" })],
    ["another client as authorized party", () => ({ azp: "another" })],
    ["an authorized party that is not a string", () => ({ azp: [identityProviderOf(portico).audience] })],
    ["several audiences and no authorized party", () => ({ aud: [identityProviderOf(portico).audience, "another"] })],
    [
      "several audiences and another authorized party",
      () => ({ aud: [identityProviderOf(portico).audience, "another"], azp: "another" }),
    ],
    ["no expiry", () => ({ exp: undefined })],
    ["an expiry that is not a number", () => ({ exp: "tomorrow" })],
    ["a start of validity in the future", () => ({ nbf: now() + hour })],
    ["no subject", () => ({ sub: undefined })],
    ["an empty subject", () => ({ sub: "" })],
    ["a subject that is not a string", () => ({ sub: 4711 })],
    ["a subject of more than 255 characters", () => ({ sub: "s".repeat(256) })],
  ])("a token with %s", async (_what, claims) => {
    await expectRefused(await forged(newSubject(), { claims: claims() }));
  });

  test.each(["at+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "application/at+jwt", "", "JOSE"])(
    "a token of the type %j",
    async (typ) => {
      await expectRefused(await forged(newSubject(), { header: { typ } }));
    },
  );

  test("a genuine token of more than 8 KB", async () => {
    const large = (characters: number) => forged(newSubject(), { claims: { padding: "x".repeat(characters) } });
    const taken = await large(5000);
    expect((await exchange(portico, taken)).status).toBe(200);
    const tooLarge = await large(8192);
    expect(tooLarge.length).toBeGreaterThan(8192);
    await expectRefused(tooLarge);
  });

  test.each([
    "garbage",
    "a.b.c",
    "..",
    "eyJhbGciOiJSUzI1NiJ9..",
    "eyJhbGciOiJSUzI1NiJ9.e30",
    "e30.e30.e30",
    "😀.😀.😀",
    "a.b.c.d.e",
  ])("%s", async (token) => {
    await expectRefused(token);
  });

  test("a genuine token with one character changed", async () => {
    const token = await idToken(newSubject());
    const [header, payload, signature] = token.split(".") as [string, string, string];
    const other = assemble(decodeProtectedHeader(token), { ...decodeJwt(token), sub: newSubject() }, signature);
    await expectRefused(other);
    await expectRefused(`${header}.${payload}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`);
  });

  test("an access token of Portico", async () => {
    await expectRefused((await externalSession(portico, newSubject())).accessToken);
    await expectRefused((await portico.partnerWithToken()).token);
  });

  test("a token of another issuer with the same subject", async () => {
    const subject = newSubject();
    const { accessToken } = await externalSession(portico, subject);
    await expectRefused(await forged(subject, { claims: { iss: "https://id.example.com" } }));
    const later = await externalSession(portico, subject);
    expect(decodeJwt(later.accessToken).sub).toBe(decodeJwt(accessToken).sub);
  });

  test("is logged as a security event without any part of the token", async () => {
    const token = await forged("subject-to-be-searched-for", { claims: { aud: "another" } });
    const before = portico.logs.length;
    const answer = await exchange(portico, token);
    await logged(portico, [answer]);
    const requestId = answer.headers.get("x-request-id")!;
    const lines = portico.logs.slice(before);
    const events = lines.filter((line) => line.includes("external_token_refused") && line.includes(requestId));
    expect(events).toHaveLength(1);
    expect(lines.filter((line) => line.includes("searched-for") || line.includes(token.slice(-40)))).toEqual([]);
  });
});

describe("a request that violates RFC 8693", () => {
  test.each<[string, Readonly<Record<string, string | undefined>>, string]>([
    ["without a subject_token", { subject_token: undefined }, "invalid_request"],
    ["without a subject_token_type", { subject_token_type: undefined }, "invalid_request"],
    ["of an unknown subject_token_type", { subject_token_type: "jwt" }, "invalid_request"],
    ["of a SAML assertion", { subject_token_type: "urn:ietf:params:oauth:token-type:saml2" }, "invalid_request"],
    [
      "for another token type",
      { requested_token_type: "urn:ietf:params:oauth:token-type:refresh_token" },
      "invalid_request",
    ],
    ["with an actor token", { actor_token: "x", actor_token_type: jwtType }, "invalid_request"],
    ["for a scope", { scope: "subscriptions:read" }, "invalid_scope"],
  ])("%s is rejected (%#)", async (_what, parameters, error) => {
    const before = await userIds();
    expectOAuthError(await exchange(portico, await idToken(newSubject()), parameters), 400, error);
    expect(await userIds()).toEqual(before);
  });

  test("with no client, an unknown one, or a public one with a secret is invalid_client", async () => {
    const token = await idToken(newSubject());
    const partner = await portico.registerPartner();
    const before = await userIds();
    const answers = [
      await exchange(portico, token, { client_id: undefined }),
      await exchange(portico, token, { client_id: "mobile" }),
      await exchange(portico, token, { client_secret: "a secret that it cannot have" }),
      await exchange(portico, token, { client_id: partner.id, client_secret: partner.secret }),
    ];
    for (const answer of answers) expectInvalidClient(answer);
    expect(await userIds()).toEqual(before);
  });
});

describe("while the provider is unreachable", () => {
  test("exchange returns 503 with Retry-After, and everything else works", async () => {
    const other = await Portico.start();
    try {
      const idp = identityProviderOf(other);
      const token = await forged(newSubject(), {}, other);
      await idp.close();
      const answer = await exchange(other, token);
      expectOAuthError(answer, 503, "temporarily_unavailable");
      expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
      // Faults that need no key are still reported.
      expectOAuthError(await exchange(other, "garbage"), 400, "invalid_request");
      // Everything else works.
      expect((await other.call("GET", "/v1/users/me", { token: await other.rootToken() })).status).toBe(200);
    } finally {
      await other.close();
    }
  });
});
