/** Which access tokens the authorizer accepts, and which rights they carry. */
import { createHmac } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { decodeJwt, decodeProtectedHeader, generateKeyPair } from "jose";
import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { assemble, type Differences, forge, signingKeyOf } from "../../support/forgery.ts";
import { allScopesExcept } from "../../support/oauth-answers.ts";
import { newPerson } from "../../support/people.ts";
import type { Answer } from "../../support/answer.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();

/** A request that every active partner token may make. */
async function present(token: string): Promise<Answer> {
  return await portico.call("GET", "/v1/partners/me", { token });
}

/** The outcome for each token, one after the other. */
async function verdicts(tokens: readonly string[]): Promise<readonly string[]> {
  const answers: Answer[] = [];
  for (const token of tokens) answers.push(await present(token));
  return answers.map(({ status, body }) => (status === 200 ? "valid" : `${status} ${body.code}`));
}

/** The same base64url text with a different first character. */
function tampered(base64url: string): string {
  return `${base64url.startsWith("A") ? "B" : "A"}${base64url.slice(1)}`;
}

async function presentHeader(authorization: string): Promise<Answer> {
  return await portico.call("GET", "/v1/partners/me", { headers: { authorization } });
}

describe("a forged token is rejected:", () => {
  interface Genuine {
    readonly token: string;
    /** The three parts. */
    readonly parts: readonly [header: string, claims: string, signature: string];
    readonly header: Readonly<Record<string, unknown>>;
    readonly claims: Readonly<Record<string, unknown>>;
    readonly forge: (differences: Differences) => Promise<string>;
  }

  async function genuine(): Promise<Genuine> {
    const { token } = await portico.partnerWithToken();
    return {
      token,
      parts: token.split(".") as [string, string, string],
      header: { ...decodeProtectedHeader(token) },
      claims: decodeJwt(token),
      forge: (differences) => forge(portico, token, differences),
    };
  }

  test("accepts the forged token without differences, so the rejections below are meaningful", async () => {
    const { forge } = await genuine();
    expect(await verdicts([await forge({})])).toEqual(["valid"]);
  });

  const publicKey = (): Buffer => Buffer.from(signingKeyOf(portico).x, "base64url");

  const hour = 3600;

  const now = (): number => Math.floor(Date.now() / 1000);

  const otherId = "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";

  const sessionId = "ses_01JD3Y5X2M6N8P0R4T7V9WBCDE";

  const forgeries: Readonly<Record<string, (genuine: Genuine) => string | Promise<string>>> = {
    "the algorithm `none` without a signature": ({ header, claims }) =>
      assemble({ ...header, alg: "none" }, claims, ""),
    "the algorithm `None` with the genuine signature": ({ header, claims, parts }) =>
      assemble({ ...header, alg: "None" }, claims, parts[2]),
    "no algorithm": ({ header, claims, parts }) => assemble({ ...header, alg: undefined }, claims, parts[2]),
    "HS256 with the public key as its secret": ({ forge }) =>
      forge({ header: { alg: "HS256" }, key: new Uint8Array(publicKey()) }),
    "HS256 with the public JWK's text as its secret": ({ forge }) => {
      const { d: _d, ...jwk } = signingKeyOf(portico);
      return forge({ header: { alg: "HS256" }, key: new TextEncoder().encode(JSON.stringify(jwk)) });
    },
    "EdDSA in its header, HMAC under the public key in its signature": ({ parts: [header, claims] }) =>
      `${header}.${claims}.${createHmac("sha512", publicKey()).update(`${header}.${claims}`).digest("base64url")}`,
    "another key under the known kid": async ({ forge }) => forge({ key: (await generateKeyPair("EdDSA")).privateKey }),
    "a key in its own header": async ({ header, forge }) => {
      const { privateKey, publicKey: own } = await generateKeyPair("EdDSA", { extractable: true });
      const jwk = JSON.stringify(await crypto.subtle.exportKey("jwk", own));
      return forge({ header: { ...(header as Record<string, string>), jwk }, key: privateKey });
    },
    "an ES256 key": async ({ forge }) =>
      forge({ header: { alg: "ES256" }, key: (await generateKeyPair("ES256")).privateKey }),
    "an unknown kid": ({ forge }) => forge({ header: { kid: "2026-01-01-unknown0" } }),
    "no kid": ({ forge }) => forge({ header: { kid: undefined } }),
    "a kid that is a path": ({ forge }) => forge({ header: { kid: "../../../../dev/null" } }),
    "the type JWT": ({ forge }) => forge({ header: { typ: "JWT" } }),
    "no type": ({ forge }) => forge({ header: { typ: undefined } }),
    "another partner's id put into its claims": ({ parts, claims }) =>
      [parts[0], Buffer.from(JSON.stringify({ ...claims, sub: otherId })).toString("base64url"), parts[2]].join("."),
    "a tampered claim": ({ parts: [header, claims, signature] }) => `${header}.${tampered(claims)}.${signature}`,
    "a tampered signature": ({ parts: [header, claims, signature] }) => `${header}.${claims}.${tampered(signature)}`,
    "no signature": ({ parts: [header, claims] }) => `${header}.${claims}.`,
    "half a signature": ({ parts: [header, claims, signature] }) => `${header}.${claims}.${signature.slice(0, 43)}`,
    "another audience": ({ forge }) => forge({ claims: { aud: "https://elsewhere.example" } }),
    "another issuer": ({ forge }) => forge({ claims: { iss: "https://elsewhere.example" } }),
    "an issuer with an extra slash": ({ forge }) => forge({ claims: { iss: `${portico.url}/` } }),
    "a start of validity in the future": ({ forge }) => forge({ claims: { nbf: now() + hour } }),
    "an expiry that is not a number": ({ forge }) => forge({ claims: { exp: "never" } }),
    "a principal of an unknown kind": ({ forge }) => forge({ claims: { principal: "robot" } }),
    "a version that is a string": ({ forge, claims }) => forge({ claims: { ver: String(claims.ver) } }),
    "a scope that is a list": ({ forge }) => forge({ claims: { scope: ["subscriptions:read"] } }),
    "an unknown role": ({ forge }) => forge({ claims: { principal: "user", role: "emperor", sid: sessionId } }),
    "an unknown critical header": ({ header, claims, parts }) =>
      assemble({ ...header, crit: ["exp2"], exp2: 1 }, claims, parts[2]),
    "a fourth part": ({ token }) => `${token}.e30`,
    "only two parts": ({ parts: [header, claims] }) => `${header}.${claims}`,
    "text that is not a token": () => "garbage",
    "three parts that are not JSON": () => "Zm9v.YmFy.YmF6",
    "three empty parts": () => "..",
    "8 KiB of letters": () => "x".repeat(8 * 1024),
    "a genuine token with 7 KiB of letters behind it": ({ token }) => token + "x".repeat(7 * 1024),
  };

  test.each(Object.entries(forgeries))("%s", async (_what, forged) => {
    expectTokenRefused(await present(await forged(await genuine())), "token_invalid");
  });

  test.each(["iss", "aud", "sub", "iat", "exp", "jti", "client_id", "principal", "ver", "scope"])(
    "without the claim %s",
    async (claim) => {
      const { forge } = await genuine();
      expectTokenRefused(await present(await forge({ claims: { [claim]: undefined } })), "token_invalid");
    },
  );

  test.each(["role", "sid"])("a user's token without the claim %s", async (claim) => {
    const genuineToken = await portico.rootToken();
    const present = async (claims: Differences["claims"] = {}): Promise<Answer> =>
      await portico.call("GET", "/v1/users/me", { token: await forge(portico, genuineToken, { claims }) });
    expectTokenRefused(await present({ [claim]: undefined }), "token_invalid");
    expectTokenRefused(await present({ [claim]: null }), "token_invalid");
    expect((await present()).status).toBe(200);
  });

  test("an expired token is token_expired", async () => {
    const { forge } = await genuine();
    const expired = await forge({ claims: { iat: now() - 2 * hour, exp: now() - hour } });
    expectTokenRefused(await present(expired), "token_expired");
  });

  test("an expired forged token does not reveal that it has expired", async () => {
    const { forge } = await genuine();
    const { privateKey } = await generateKeyPair("EdDSA");
    const expired = await forge({ claims: { iat: now() - 2 * hour, exp: now() - hour }, key: privateKey });
    expectTokenRefused(await present(expired), "token_invalid");
  });

  test.each([-1, 1])("a version that differs by %d is token_revoked", async (difference) => {
    const { claims, forge } = await genuine();
    const other = await forge({ claims: { ver: (claims.ver as number) + difference } });
    expectTokenRefused(await present(other), "token_revoked");
  });

  test.each([
    ["a principal that does not exist", { sub: otherId }],
    ["a subject that is not an id", { sub: "nobody" }],
    ["a partner that claims to be a user", { principal: "user", role: "root", sid: sessionId }],
  ])("a token of %s is token_revoked", async (_what, claims) => {
    const { forge } = await genuine();
    expectTokenRefused(await present(await forge({ claims })), "token_revoked");
  });

  test("a user's token with a different role is token_revoked", async () => {
    const demoted = await forge(portico, await portico.rootToken(), { claims: { role: "admin" } });
    const answer = await portico.call("GET", "/v1/partners", { token: demoted });
    expectTokenRefused(answer, "token_revoked");
  });

  test("an unknown scope grants no rights", async () => {
    const { forge } = await genuine();
    const token = await forge({ claims: { scope: "everything" } });
    const answer = await portico.call("GET", "/v1/subscriptions", { token });
    expectProblem(answer, 403, "insufficient_scope");
  });
});

describe("the Authorization header", () => {
  test("if missing or empty, is token_missing with a challenge without an error (RFC 6750 §3.1)", async () => {
    const answers = [await portico.call("GET", "/v1/partners/me"), await presentHeader("")];
    for (const answer of answers) {
      expectProblem(answer, 401, "token_missing");
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer\b(?!.*error=)/);
    }
  });

  test("accepts the scheme in any case", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = [await presentHeader(`bearer ${token}`), await presentHeader(`BEARER  ${token}`)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  test("with another scheme or none is token_invalid", async () => {
    const { token, id, secret } = await portico.partnerWithToken();
    const basic = Buffer.from(`${id}:${secret}`).toString("base64");
    const headers = [
      `Basic ${basic}`,
      `Basic ${token}`,
      `DPoP ${token}`,
      token,
      "Bearer",
      `Bearer${token}`,
      `Bearer "${token}"`,
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer token=${token}`,
    ];
    for (const header of headers) expectTokenRefused(await presentHeader(header), "token_invalid");
  });

  test("beyond the gateway's size limit is also rejected with a problem", async () => {
    const answer = await present("x".repeat(12 * 1024));
    expectProblem(answer, 404, "not_found");
  });

  test("is the only place for a token, not the query or a form", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = [
      await portico.call("GET", `/v1/partners/me?access_token=${token}`),
      await portico.call("POST", "/v1/subscriptions", { form: { access_token: token } }),
    ];
    for (const answer of answers) expectProblem(answer, 401, "token_missing");
  });
});

describe("a valid token without the required right", () => {
  const id = "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";

  const administration = [
    ["POST", "/v1/partners"],
    ["GET", "/v1/partners"],
    ["GET", `/v1/partners/${id}`],
    ["DELETE", `/v1/partners/${id}`],
  ] as const;

  const partnerOperations = [
    ["GET", "/v1/partners/me"],
    ["POST", "/v1/subscriptions"],
    ["GET", "/v1/subscriptions"],
    ["GET", "/v1/subscriptions/u1"],
    ["PUT", "/v1/subscriptions/u1"],
    ["DELETE", "/v1/subscriptions/u1"],
    ["GET", "/v1/subscriptions/u1/history"],
  ] as const;

  test.each(administration)("of a partner cannot call %s %s", async (method, path) => {
    const { token } = await portico.partnerWithToken();
    expectProblem(await portico.call(method, path, { token }), 403, "forbidden");
  });

  test("of a partner cannot administer the partner itself", async () => {
    const { token, id: own } = await portico.partnerWithToken();
    const answers = [
      await portico.call("GET", `/v1/partners/${own}`, { token }),
      await portico.call("PATCH", `/v1/partners/${own}`, { token, json: { tokenPolicy: "many" } }),
      await portico.call("DELETE", `/v1/partners/${own}`, { token }),
    ];
    for (const answer of answers) expectProblem(answer, 403, "forbidden");
  });

  test.each(partnerOperations)("of a user, including root, cannot call %s %s", async (method, path) => {
    expectProblem(await portico.call(method, path, { token: await portico.rootToken() }), 403, "forbidden");
  });

  test.each([
    ["subscriptions:read", "GET", "/v1/subscriptions", 200],
    ["subscriptions:read", "GET", "/v1/subscriptions/u1", 404],
    ["subscriptions:read", "GET", "/v1/subscriptions/u1/history", 404],
    ["subscriptions:write", "POST", "/v1/subscriptions", 415],
    ["subscriptions:write", "PUT", "/v1/subscriptions/u1", 415],
    ["subscriptions:write", "DELETE", "/v1/subscriptions/u1", 404],
  ])(
    "with every scope except %s cannot call %s %s, and with that scope alone it can",
    async (scope, method, path, allowed) => {
      const partner = await portico.registerPartner();
      const without = await portico.partnerToken(partner, allScopesExcept(scope));
      expectProblem(await portico.call(method, path, { token: without }), 403, "insufficient_scope");
      const answer = await portico.call(method, path, { token: await portico.partnerToken(partner, scope) });
      expect(answer.status).toBe(allowed);
    },
  );

  test("needs no scope to read the partner's own profile", async () => {
    const partner = await portico.registerPartner();
    const token = await portico.partnerToken(partner, "companies:read");
    expect((await present(token)).status).toBe(200);
  });

  test.each(["secret", "revoke-tokens"])(
    "without partner:manage cannot call /v1/partners/…/%s for itself",
    async (end) => {
      const partner = await portico.registerPartner();
      const other = await portico.registerPartner();
      const token = await portico.partnerToken(partner, allScopesExcept("partner:manage"));
      for (const { id } of [partner, other]) {
        const answer = await portico.call("POST", `/v1/partners/${id}/${end}`, { token, json: {} });
        expectProblem(answer, 403, "insufficient_scope");
      }
      expect((await present(token)).status).toBe(200);
      const manager = await portico.partnerToken(partner, "partner:manage");
      const allowed = await portico.call("POST", `/v1/partners/${partner.id}/${end}`, { token: manager, json: {} });
      expect(allowed.status).toBe(end === "secret" ? 200 : 204);
    },
  );

  test("of the scope partner:manage alone can neither read nor change the partner's business", async () => {
    const token = await portico.partnerToken(await portico.registerPartner(), "partner:manage");
    for (const path of ["/v1/subscriptions", "/v1/companies"]) {
      expectProblem(await portico.call("GET", path, { token }), 403, "insufficient_scope");
      expectProblem(await portico.call("POST", path, { token, json: {} }), 403, "insufficient_scope");
    }
  });
});

describe("authentication and authorization come before validation:", () => {
  const bodies = {
    "a body that is not JSON": { raw: "{", headers: { "content-type": "application/json" } },
    "a body with invalid fields": { json: { name: 1, colour: "red" } },
    "a different content type": { raw: "<a/>", headers: { "content-type": "application/xml" } },
    "a body of 65 KiB": { json: { name: "x".repeat(65 * 1024) } },
    "an invalid idempotency key": { json: {}, headers: { "idempotency-key": "with blank" } },
  };

  test.each(Object.entries(bodies))(
    "%s does not change the response to a caller without rights",
    async (_what, request) => {
      const partner = await portico.registerPartner();
      const token = await portico.partnerToken(partner, "companies:read");
      expectProblem(await portico.call("POST", "/v1/partners", request), 401, "token_missing");
      expectTokenRefused(
        await portico.call("POST", "/v1/partners", { ...request, token: `${token}x` }),
        "token_invalid",
      );
      expectProblem(await portico.call("POST", "/v1/partners", { ...request, token }), 403, "forbidden");
      expectProblem(await portico.call("POST", "/v1/subscriptions", { ...request, token }), 403, "insufficient_scope");
      const root = await portico.rootToken();
      expectProblem(await portico.call("POST", "/v1/subscriptions", { ...request, token: root }), 403, "forbidden");
    },
  );

  test("nor does a malformed path or query", async () => {
    const { token } = await portico.partnerWithToken();
    expectProblem(await portico.call("GET", "/v1/partners/not-an-id"), 401, "token_missing");
    expectProblem(await portico.call("GET", "/v1/partners/not-an-id", { token }), 403, "forbidden");
    expectProblem(await portico.call("GET", "/v1/partners?limit=abc&cursor=x", { token }), 403, "forbidden");
  });
});

describe("security events", () => {
  test("logs token_forged", async () => {
    const { accessToken } = await newPerson(portico);
    const answer = await portico.call("GET", "/v1/users/me", { token: `${accessToken.slice(0, -4)}AAAA` });
    expectTokenRefused(answer, "token_invalid");
    const id = answer.headers.get("x-request-id")!;
    while (!portico.logs.some((line) => line.includes(id) && line.includes("token_forged"))) await setImmediate();
    const event = portico.logs.find((line) => line.includes(id) && line.includes("token_forged"))!;
    expect(JSON.parse(event)).toMatchObject({ code: "token_forged", requestId: id });
  });
});
