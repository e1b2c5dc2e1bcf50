/** What a partner may ask of a token (RFC 7662), and how it ends its tokens (RFC 7009). */
import { randomUUID } from "node:crypto";
import { decodeJwt, generateKeyPair } from "jose";
import { expectTokenRefused } from "../../support/expect-problem.ts";
import { forge } from "../../support/forgery.ts";
import { basic, expectInvalidClient, expectOAuthError, externalSession, logged } from "../../support/oauth-answers.ts";
import { inParallel, Portico, tally, type Answer, type TestPartner } from "../../support/portico.ts";

let portico: Portico;
beforeAll(async () => {
  portico = await Portico.start();
});
afterAll(async () => {
  await portico.close();
});

type Endpoint = "introspect" | "revoke";
type Authentication = "client_secret_basic" | "client_secret_post";

/** A request of a partner about a token; without one where it is `undefined`. */
async function ask(
  endpoint: Endpoint,
  { id, secret }: Pick<TestPartner, "id" | "secret">,
  token: string | undefined,
  { by = "client_secret_post", hint }: { readonly by?: Authentication; readonly hint?: string } = {},
): Promise<Answer> {
  const form = {
    ...(token !== undefined && { token }),
    ...(hint !== undefined && { token_type_hint: hint }),
    ...(by === "client_secret_post" && { client_id: id, client_secret: secret }),
  };
  const headers = { ...(by === "client_secret_basic" && { authorization: basic(id, secret) }) };
  return await portico.call("POST", `/oauth/${endpoint}`, { form, headers });
}

async function partnerSelf(token: string): Promise<Answer> {
  return await portico.call("GET", "/v1/partners/me", { token });
}

async function changePartner({ id }: Pick<TestPartner, "id">, json: unknown): Promise<void> {
  const answer = await portico.call("PATCH", `/v1/partners/${id}`, { token: await portico.rootToken(), json });
  expect(answer.status).toBe(200);
}

async function person(): Promise<{ readonly accessToken: string; readonly refreshToken: string }> {
  return await externalSession(portico, `subject-${randomUUID()}`);
}

function expectInactive(answer: Answer): void {
  expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: { active: false } });
  expect(answer.headers.get("cache-control")).toBe("no-store");
}

const hour = 3600;
const now = () => Math.floor(Date.now() / 1000);

/** Tokens that say nothing to this partner, each made anew. */
const foreign: readonly (readonly [string, (own: string) => Promise<string> | string])[] = [
  ["another partner's", async () => (await portico.partnerWithToken()).token],
  ["a person's access token", async () => (await person()).accessToken],
  ["a person's refresh token", async () => (await person()).refreshToken],
  ["an administrator's", async () => await portico.rootToken()],
  ["garbage", () => "garbage"],
  ["something like a JWT", () => "a.b.c"],
  ["something very long", () => "x".repeat(20_000)],
  ["one that is not ASCII", () => "😀"],
  ["its own, expired", (own) => forge(portico, own, { claims: { iat: now() - 2 * hour, exp: now() - hour } })],
  ["its own, of another issuer", (own) => forge(portico, own, { claims: { iss: "https://elsewhere.example" } })],
  ["its own, of another version", (own) => forge(portico, own, { claims: { ver: 4711 } })],
  [
    "its own, signed by another key",
    async (own) => forge(portico, own, { key: (await generateKeyPair("EdDSA")).privateKey }),
  ],
  ["its own, of an unknown key", (own) => forge(portico, own, { header: { kid: "unknown" } })],
];

describe("introspecting", () => {
  test.each<[Authentication]>([["client_secret_basic"], ["client_secret_post"]])(
    "with %s tells everything of the partner's own active token",
    async (by) => {
      const partner = await portico.registerPartner();
      const token = await portico.partnerToken(partner, "companies:read subscriptions:read");
      const answer = await ask("introspect", partner, token, { by });
      const { iat, exp, jti } = decodeJwt(token);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.body).toEqual({
        active: true,
        scope: "subscriptions:read companies:read",
        client_id: partner.id,
        token_type: "Bearer",
        iat,
        exp,
        sub: partner.id,
        aud: portico.url,
        iss: portico.url,
        jti,
      });
    },
  );

  test.each(["access_token", "refresh_token", "something_else"])("heeds no hint: %s finds it as well", async (hint) => {
    const { token, ...partner } = await portico.partnerWithToken();
    expect((await ask("introspect", partner, token, { hint })).body.active).toBe(true);
  });

  test("is possible by the e-mail address, too", async () => {
    const { token, email, secret } = await portico.partnerWithToken();
    expect((await ask("introspect", { id: email, secret }, token)).body.active).toBe(true);
  });

  test("changes nothing: the token is as valid as before", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    await ask("introspect", partner, token);
    expect((await partnerSelf(token)).status).toBe(200);
  });

  test.each(foreign)("%s says that it is not active, and nothing more", async (_what, make) => {
    const { token, ...partner } = await portico.partnerWithToken();
    expectInactive(await ask("introspect", partner, await make(token)));
  });

  test("one that a newer one replaced says that it is not active", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    const newer = await portico.partnerToken(partner);
    expectInactive(await ask("introspect", partner, token));
    expect((await ask("introspect", partner, newer)).body.active).toBe(true);
  });

  test("one of before a suspension says that it is not active", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    await changePartner(partner, { status: "suspended" });
    await changePartner(partner, { status: "active" });
    expectInactive(await ask("introspect", partner, token));
  });
});

describe("revoking", () => {
  test.each<[Authentication]>([["client_secret_basic"], ["client_secret_post"]])(
    "with %s ends the token by the very next request, with an empty answer",
    async (by) => {
      const { token, ...partner } = await portico.partnerWithToken();
      const answer = await ask("revoke", partner, token, { by });
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: "" });
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expectTokenRefused(await partnerSelf(token), "token_revoked");
      expectInactive(await ask("introspect", partner, token));
    },
  );

  test("again answers the same, and a new token is valid", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    await ask("revoke", partner, token);
    const newer = await portico.partnerToken(partner);
    expect((await ask("revoke", partner, token)).status).toBe(200);
    expect((await partnerSelf(newer)).status).toBe(200);
  });

  test("one of many ends all of them under the token policy many", async () => {
    const partner = await portico.registerPartner();
    await changePartner(partner, { tokenPolicy: "many" });
    const tokens = await inParallel(5, () => portico.partnerToken(partner));
    expect(tally((await Promise.all(tokens.map(partnerSelf))).map(({ status }) => status))).toEqual({ 200: 5 });
    expect((await ask("revoke", partner, tokens[2])).status).toBe(200);
    for (const answer of await Promise.all(tokens.map(partnerSelf))) expectTokenRefused(answer, "token_revoked");
    expect((await partnerSelf(await portico.partnerToken(partner))).status).toBe(200);
  });

  test("the same token ten times at once answers 200 each time", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    const answers = await inParallel(10, () => ask("revoke", partner, token));
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 10 });
    expectTokenRefused(await partnerSelf(token), "token_revoked");
  });

  test.each(foreign)("%s is 200 and ends nothing of anybody's", async (_what, make) => {
    const { token, ...partner } = await portico.partnerWithToken();
    const other = await make(token);
    const answer = await ask("revoke", partner, other);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: "" });
    expect((await partnerSelf(token)).status).toBe(200);
  });

  test("another partner's token, or a person's, leaves that one valid", async () => {
    const partner = await portico.registerPartner();
    const [other, somebody] = [await portico.partnerWithToken(), await person()];
    for (const token of [other.token, somebody.accessToken, somebody.refreshToken]) {
      expect((await ask("revoke", partner, token)).status).toBe(200);
    }
    expect((await partnerSelf(other.token)).status).toBe(200);
    expect((await portico.call("GET", "/v1/users/me", { token: somebody.accessToken })).status).toBe(200);
  });

  test("a partner's token as a public client is 200 and ends nothing", async () => {
    const { token } = await portico.partnerWithToken();
    const answer = await portico.call("POST", "/oauth/revoke", { form: { client_id: "web", token } });
    expect(answer.status).toBe(200);
    expect((await partnerSelf(token)).status).toBe(200);
  });
});

describe.each<[Endpoint]>([["introspect"], ["revoke"]])("/oauth/%s", (endpoint) => {
  const path = `/oauth/${endpoint}`;

  test("is for clients that prove who they are", async () => {
    const { token, id, secret } = await portico.partnerWithToken();
    const other = await portico.registerPartner();
    const answers = [
      await portico.call("POST", path, { form: { token } }),
      await ask(endpoint, { id, secret: `${secret}x` }, token),
      await ask(endpoint, { id, secret: `${secret}x` }, token, { by: "client_secret_basic" }),
      await ask(endpoint, { id, secret: other.secret }, token),
      await ask(endpoint, { id: "nobody@partner.example", secret }, token),
      await portico.call("POST", path, { form: { token }, headers: { authorization: "Basic !!!" } }),
      await portico.call("POST", path, { form: { token }, headers: { authorization: `Bearer ${token}` } }),
      await portico.call("POST", path, { form: { token, client_id: "mobile" } }),
      await portico.call("POST", path, { form: { token, client_id: id } }),
      await portico.call("POST", path, { form: { token, client_id: "web", client_secret: secret } }),
    ];
    for (const answer of answers) expectInvalidClient(answer);
    expect((await partnerSelf(token)).status).toBe(200);
  });

  test("refuses a suspended partner", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    await changePartner(partner, { status: "suspended" });
    expectInvalidClient(await ask(endpoint, partner, token));
  });

  test("without a token, or with an empty one, is invalid_request", async () => {
    const partner = await portico.registerPartner();
    expectOAuthError(await ask(endpoint, partner, undefined), 400, "invalid_request");
    expectOAuthError(await ask(endpoint, partner, ""), 400, "invalid_request");
  });

  test("without a body is invalid_request for a client that is known", async () => {
    const { id, secret } = await portico.registerPartner();
    const answer = await portico.call("POST", path, { headers: { authorization: basic(id, secret) } });
    expectOAuthError(answer, 400, "invalid_request");
  });

  test("asks who calls first: a wrong secret without a token is invalid_client", async () => {
    const { id } = await portico.registerPartner();
    expectInvalidClient(await ask(endpoint, { id, secret: "wrong" }, undefined));
  });

  test("by two ways at once is invalid_request, and so is a parameter that is there twice", async () => {
    const { token, id, secret } = await portico.partnerWithToken();
    const headers = { authorization: basic(id, secret) };
    const both = await portico.call("POST", path, { form: { token, client_id: id, client_secret: secret }, headers });
    expectOAuthError(both, 400, "invalid_request");
    const raw = `token=${token}&token=${token}`;
    const form = { ...headers, "content-type": "application/x-www-form-urlencoded" };
    expectOAuthError(await portico.call("POST", path, { raw, headers: form }), 400, "invalid_request");
    expect((await partnerSelf(token)).status).toBe(200);
  });

  test("takes no JSON", async () => {
    const { token, id, secret } = await portico.partnerWithToken();
    const answer = await portico.call("POST", path, { json: { token, client_id: id, client_secret: secret } });
    expectOAuthError(answer, 415, "invalid_request");
  });
});

test("a token introspected or revoked is not logged", async () => {
  const { token, ...partner } = await portico.partnerWithToken();
  await logged(portico, [await ask("introspect", partner, token), await ask("revoke", partner, token)]);
  const sensitive = [token.split(".")[2]!, partner.secret];
  expect(portico.logs.filter((line) => sensitive.some((text) => line.includes(text)))).toEqual([]);
});
