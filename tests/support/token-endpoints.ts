/** What partners ask of the endpoints that take a token: introspection (RFC 7662) and revocation (RFC 7009). */
import { randomUUID } from "node:crypto";
import { generateKeyPair } from "jose";
import { forge } from "./forgery.ts";
import { basic, expectInvalidClient, expectOAuthError, externalSession } from "./oauth-answers.ts";
import type { Answer } from "./answer.ts";
import type { Portico, TestPartner } from "./portico.ts";

export type Endpoint = "introspect" | "revoke";
export type Authentication = "client_secret_basic" | "client_secret_post";

export function tokenEndpointCalls(portico: Portico) {
  const { call } = portico;

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
    return await call("POST", `/oauth/${endpoint}`, { form, headers });
  }

  const partnerSelf = (token: string): Promise<Answer> => call("GET", "/v1/partners/me", { token });

  async function changePartner({ id }: Pick<TestPartner, "id">, json: unknown): Promise<void> {
    const answer = await portico.callAsRoot("PATCH", `/v1/partners/${id}`, json);
    expect(answer.status).toBe(200);
  }

  return { ask, partnerSelf, changePartner };
}

const hour = 3600;
const now = () => Math.floor(Date.now() / 1000);

export async function newExternalSession(portico: Portico) {
  return await externalSession(portico, `subject-${randomUUID()}`);
}

/** The answer about a token of which nothing is disclosed. */
export function expectInactive(answer: Answer): void {
  expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: { active: false } });
  expect(answer.headers.get("cache-control")).toBe("no-store");
}

/** Tokens about which a partner learns nothing, each made from an active token of its own. */
export const foreignTokens = (
  portico: Portico,
): readonly (readonly [string, (own: string) => Promise<string> | string])[] => [
  ["another partner's token", async () => (await portico.partnerWithToken()).token],
  ["a person's access token", async () => (await newExternalSession(portico)).accessToken],
  ["a person's refresh token", async () => (await newExternalSession(portico)).refreshToken],
  ["an administrator's token", async () => await portico.rootToken()],
  ["garbage", () => "garbage"],
  ["something like a JWT", () => "a.b.c"],
  ["something very long", () => "x".repeat(20_000)],
  ["text outside ASCII", () => "😀"],
  ["its own expired token", (own) => forge(portico, own, { claims: { iat: now() - 2 * hour, exp: now() - hour } })],
  ["its own of another issuer", (own) => forge(portico, own, { claims: { iss: "https://elsewhere.example" } })],
  ["its own of another version", (own) => forge(portico, own, { claims: { ver: 4711 } })],
  [
    "its own signed with another key",
    async (own) => forge(portico, own, { key: (await generateKeyPair("EdDSA")).privateKey }),
  ],
  ["its own with an unknown key id", (own) => forge(portico, own, { header: { kid: "unknown" } })],
];

/** The tests of how clients authenticate, which hold for both endpoints. */
export function describeClientAuthentication(portico: Portico, endpoint: Endpoint): void {
  const { call } = portico;
  const { ask, partnerSelf, changePartner } = tokenEndpointCalls(portico);
  const path = `/oauth/${endpoint}`;

  describe(`client authentication at ${path}`, () => {
    test("requires valid client credentials", async () => {
      const { token, id, secret } = await portico.partnerWithToken();
      const other = await portico.registerPartner();
      const answers = [
        await call("POST", path, { form: { token } }),
        await ask(endpoint, { id, secret: `${secret}x` }, token),
        await ask(endpoint, { id, secret: `${secret}x` }, token, { by: "client_secret_basic" }),
        await ask(endpoint, { id, secret: other.secret }, token),
        await ask(endpoint, { id: "nobody@partner.example", secret }, token),
        await call("POST", path, { form: { token }, headers: { authorization: "Basic !!!" } }),
        await call("POST", path, { form: { token }, headers: { authorization: `Bearer ${token}` } }),
        await call("POST", path, { form: { token, client_id: "mobile" } }),
        await call("POST", path, { form: { token, client_id: id } }),
        await call("POST", path, { form: { token, client_id: "web", client_secret: secret } }),
      ];
      for (const answer of answers) expectInvalidClient(answer);
      expect((await partnerSelf(token)).status).toBe(200);
    });

    test("rejects a suspended partner", async () => {
      const { token, ...partner } = await portico.partnerWithToken();
      await changePartner(partner, { status: "suspended" });
      expectInvalidClient(await ask(endpoint, partner, token));
    });

    test("a missing or empty token is invalid_request", async () => {
      const partner = await portico.registerPartner();
      expectOAuthError(await ask(endpoint, partner, undefined), 400, "invalid_request");
      expectOAuthError(await ask(endpoint, partner, ""), 400, "invalid_request");
    });

    test("a missing body is invalid_request for an authenticated client", async () => {
      const { id, secret } = await portico.registerPartner();
      const answer = await call("POST", path, { headers: { authorization: basic(id, secret) } });
      expectOAuthError(answer, 400, "invalid_request");
    });

    test("authentication comes first: a wrong secret without a token is invalid_client", async () => {
      const { id } = await portico.registerPartner();
      expectInvalidClient(await ask(endpoint, { id, secret: "wrong" }, undefined));
    });

    test("two authentication methods or a repeated parameter are invalid_request", async () => {
      const { token, id, secret } = await portico.partnerWithToken();
      const headers = { authorization: basic(id, secret) };
      const both = await call("POST", path, { form: { token, client_id: id, client_secret: secret }, headers });
      expectOAuthError(both, 400, "invalid_request");
      const raw = `token=${token}&token=${token}`;
      const form = { ...headers, "content-type": "application/x-www-form-urlencoded" };
      expectOAuthError(await call("POST", path, { raw, headers: form }), 400, "invalid_request");
      expect((await partnerSelf(token)).status).toBe(200);
    });

    test("rejects JSON", async () => {
      const { token, id, secret } = await portico.partnerWithToken();
      const answer = await call("POST", path, { json: { token, client_id: id, client_secret: secret } });
      expectOAuthError(answer, 415, "invalid_request");
    });
  });
}
