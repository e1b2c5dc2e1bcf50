/** The token endpoint, its discovery and its keys, as partners and their OAuth libraries use them. */
import { setImmediate } from "node:timers/promises";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import { expectProblem } from "../../../support/expect-problem.ts";
import { Portico, type Answer, type CallOptions, type TestPartner } from "../../../support/portico.ts";

const allScopes = "subscriptions:read subscriptions:write companies:read companies:write";
/** Every visible ASCII character that a chosen secret may have: those that header, form and URL treat specially among them. */
const awkwardSecret = String.fromCharCode(...Array.from({ length: 0x7e - 0x21 + 1 }, (_, index) => 0x21 + index));

let portico: Portico;
beforeAll(async () => {
  portico = await Portico.start();
});
afterAll(async () => {
  await portico.close();
});

function basic(clientId: string, clientSecret: string): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
}

async function requestToken(form: Readonly<Record<string, string>>, options: CallOptions = {}): Promise<Answer> {
  return await portico.call("POST", "/oauth/token", {
    form: { grant_type: "client_credentials", ...form },
    ...options,
  });
}

async function requestWithBasic(
  clientId: string,
  clientSecret: string,
  form: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return await requestToken(form, { headers: { authorization: basic(clientId, clientSecret) } });
}

async function requestRaw(raw: string, contentType = "application/x-www-form-urlencoded"): Promise<Answer> {
  return await portico.call("POST", "/oauth/token", { raw, headers: { "content-type": contentType } });
}

function credentials({ id, secret }: TestPartner): { readonly client_id: string; readonly client_secret: string } {
  return { client_id: id, client_secret: secret };
}

/** A refusal as RFC 6749 §5.2 has it. */
function expectOAuthError(answer: Answer, status: number, error: string): void {
  expect({ status: answer.status, body: answer.body }).toEqual({
    status,
    // The characters that §5.2 allows in a description.
    body: { error, error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/) },
  });
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
}

/** The refusal of a client; API Gateway gives the challenge of RFC 7235 another name. */
function expectInvalidClient(answer: Answer): void {
  expectOAuthError(answer, 401, "invalid_client");
  expect(answer.headers.get("x-amzn-remapped-www-authenticate")).toMatch(/^Basic realm="/);
}

describe("a partner gets a token", () => {
  test("with client_secret_post, and the answer is RFC 6749's, not to be stored", async () => {
    const partner = await portico.registerPartner();
    const answer = await requestToken(credentials(partner));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      token_type: "Bearer",
      expires_in: 3600,
      scope: allScopes,
    });
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("pragma")).toBe("no-cache");
    const { status } = await portico.call("GET", "/v1/partners/me", { token: answer.body.access_token });
    expect(status).toBe(200);
  });

  test("with client_secret_basic, the scheme in any case", async () => {
    const { id, secret } = await portico.registerPartner();
    const [, encoded] = basic(id, secret).split(" ");
    const answers = [
      await requestWithBasic(id, secret),
      await requestToken({}, { headers: { authorization: `bAsIc ${String(encoded)}` } }),
      await requestWithBasic(id, secret, { client_id: id }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test("naming itself by its e-mail address, in any case, by either method", async () => {
    const { id, email, secret } = await portico.registerPartner();
    const answers = [
      await requestToken({ client_id: email, client_secret: secret }),
      await requestToken({ client_id: email.toUpperCase(), client_secret: secret }),
      await requestWithBasic(email, secret),
      await requestWithBasic(encodeURIComponent(email.toUpperCase()), secret),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(answers.map(({ body }) => decodeJwt(body.access_token).sub)).toEqual([id, id, id, id]);
  });

  test("with a secret of every character that a secret may have, by either method", async () => {
    const partner = await portico.registerPartner({ secret: awkwardSecret });
    const answers = [
      await requestToken(credentials(partner)),
      await requestWithBasic(partner.id, encodeURIComponent(awkwardSecret)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  test.each([
    ["a colon", "left:right:and:beyond"],
    ["an encoded percent sign", "hundred%percent%20sure"],
    ["a plus", "one+one+one+is+three"],
  ])("by Basic with %s in its secret: the first colon parts, then both halves are decoded", async (_what, secret) => {
    const { id } = await portico.registerPartner({ secret });
    const { status } = await requestWithBasic(id, encodeURIComponent(secret));
    expect(status).toBe(200);
  });

  test("by Basic with a colon and a plus that the client did not encode", async () => {
    const secret = "left:right+and:beyond";
    const { id } = await portico.registerPartner({ secret });
    const { status } = await requestWithBasic(id, secret);
    expect(status).toBe(200);
  });

  test("although it sends parameters that nobody knows, or known ones without a value", async () => {
    const partner = await portico.registerPartner();
    const answer = await requestToken({
      ...credentials(partner),
      resource: "https://elsewhere.example",
      constructor: "x",
      scope: "",
    });
    expect(answer.status).toBe(200);
    expect(answer.body.scope).toBe(allScopes);
  });

  test("with the content type's parameters in any spelling", async () => {
    const { id, secret } = await portico.registerPartner();
    const form = `grant_type=client_credentials&client_id=${id}&client_secret=${secret}`;
    const answer = await requestRaw(form, "Application/X-WWW-Form-URLencoded; charset=UTF-8");
    expect(answer.status).toBe(200);
  });
});

describe("a client that cannot prove itself is invalid_client", () => {
  const unknownId = "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";

  test("without any credentials, or with only a half of them", async () => {
    const { id, secret } = await portico.registerPartner();
    const answers = [
      await requestToken({}),
      await requestToken({ client_id: id }),
      await requestToken({ client_id: id, client_secret: "" }),
      await requestToken({ client_secret: secret }),
      await requestWithBasic(id, ""),
      await requestWithBasic("", secret),
    ];
    for (const answer of answers) expectInvalidClient(answer);
  });

  test("with a wrong secret, and a client that does not exist is answered alike", async () => {
    const { id, secret } = await portico.registerPartner();
    const wrong = await requestToken({ client_id: id, client_secret: `${secret}x` });
    const unknown = [
      await requestToken({ client_id: unknownId, client_secret: secret }),
      await requestToken({ client_id: "nobody@partner.example", client_secret: secret }),
      await requestToken({ client_id: "not an id", client_secret: secret }),
      await requestToken({ client_id: id.toLowerCase(), client_secret: secret }),
    ];
    for (const answer of [wrong, ...unknown]) expectInvalidClient(answer);
    expect(new Set([wrong, ...unknown].map(({ text }) => text)).size).toBe(1);
  });

  test("with the secret of another partner", async () => {
    const [one, other] = [await portico.registerPartner(), await portico.registerPartner()];
    expectInvalidClient(await requestToken({ client_id: one.id, client_secret: other.secret }));
  });

  test("with an Authorization header that is not one of HTTP Basic", async () => {
    const { id, secret } = await portico.registerPartner();
    const withoutColon = Buffer.from(id).toString("base64");
    const badEscape = Buffer.from(`${id}:%zz`).toString("base64");
    const headers = [
      "Bearer abc",
      "Basic",
      "Basic !!!",
      `Basic ${withoutColon}`,
      `Basic ${badEscape}`,
      `${id}:${secret}`,
    ];
    const answers = await Promise.all(headers.map((authorization) => requestToken({}, { headers: { authorization } })));
    for (const answer of answers) expectInvalidClient(answer);
  });

  test("with a wrong secret and a wrong scope: who calls is asked first", async () => {
    const { id } = await portico.registerPartner();
    expectInvalidClient(await requestToken({ client_id: id, client_secret: "wrong", scope: "everything" }));
  });

  test("while it is suspended", async () => {
    const partner = await portico.registerPartner();
    const change = async (status: string): Promise<Answer> =>
      await portico.call("PATCH", `/v1/partners/${partner.id}`, { token: await portico.rootToken(), json: { status } });
    await change("suspended");
    expectInvalidClient(await requestToken(credentials(partner)));
    await change("active");
    expect((await requestToken(credentials(partner))).status).toBe(200);
  });
});

describe("a request that is not as RFC 6749 has it", () => {
  test("that authenticates in two ways at once is invalid_request", async () => {
    const [one, other] = [await portico.registerPartner(), await portico.registerPartner()];
    const answers = [
      await requestWithBasic(one.id, one.secret, credentials(one)),
      await requestWithBasic(one.id, one.secret, { client_secret: one.secret }),
      await requestWithBasic(one.id, one.secret, { client_id: other.id }),
    ];
    for (const answer of answers) expectOAuthError(answer, 400, "invalid_request");
  });

  test("without a grant type is invalid_request, and so is one without a body", async () => {
    const partner = await portico.registerPartner();
    const answers = [
      await portico.call("POST", "/oauth/token", { form: credentials(partner) }),
      await requestToken({ ...credentials(partner), grant_type: "" }),
      await portico.call("POST", "/oauth/token", { headers: { authorization: basic(partner.id, partner.secret) } }),
    ];
    for (const answer of answers) expectOAuthError(answer, 400, "invalid_request");
  });

  test.each(["password", "authorization_code", "CLIENT_CREDENTIALS", "urn:example:other"])(
    "with the grant type %s is unsupported_grant_type",
    async (grant_type) => {
      const partner = await portico.registerPartner();
      expectOAuthError(await requestToken({ ...credentials(partner), grant_type }), 400, "unsupported_grant_type");
    },
  );

  test.each(["grant_type=client_credentials", "client_id=x", "client_secret=x", "scope=companies:read", "extension=1"])(
    "that names a parameter twice (%s) is invalid_request",
    async (parameter) => {
      const { id, secret } = await portico.registerPartner();
      const form = `grant_type=client_credentials&client_id=${id}&client_secret=${secret}&scope=companies:read&extension=1`;
      expectOAuthError(await requestRaw(`${form}&${parameter}`), 400, "invalid_request");
    },
  );

  test.each([
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded; charset=latin1",
  ])("of the content type %s gets 415", async (contentType) => {
    const { id, secret } = await portico.registerPartner();
    const form = `grant_type=client_credentials&client_id=${id}&client_secret=${secret}`;
    expectOAuthError(await requestRaw(form, contentType), 415, "invalid_request");
  });

  test("with a body over 64 KiB gets 413", async () => {
    expectOAuthError(await requestRaw(`grant_type=${"x".repeat(64 * 1024)}`), 413, "invalid_request");
  });

  test("by another method than POST finds nothing", async () => {
    expectProblem(await portico.call("GET", "/oauth/token"), 404, "not_found");
  });

  test("ends no token: the one before is still valid", async () => {
    const partner = await portico.partnerWithToken();
    const answers = [
      await requestToken({ ...credentials(partner), scope: "everything" }),
      await requestToken({ ...credentials(partner), client_secret: "wrong" }),
      await requestToken({ ...credentials(partner), grant_type: "password" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 401, 400]);
    expect((await portico.call("GET", "/v1/partners/me", { token: partner.token })).status).toBe(200);
  });
});

describe("the scope of a token", () => {
  test("is what was asked for, in the answer and in the token", async () => {
    const partner = await portico.registerPartner();
    const { body } = await requestToken({ ...credentials(partner), scope: "companies:read subscriptions:read" });
    expect(body.scope.split(" ").sort()).toEqual(["companies:read", "subscriptions:read"]);
    expect(decodeJwt(body.access_token).scope).toBe(body.scope);
  });

  test("names each right once, however often it was asked for", async () => {
    const partner = await portico.registerPartner();
    const { body } = await requestToken({ ...credentials(partner), scope: "companies:read companies:read" });
    expect(body.scope).toBe("companies:read");
  });

  test.each([
    "everything",
    "subscriptions:read everything",
    "SUBSCRIPTIONS:READ",
    "subscriptions:read,companies:read",
    "users:read",
  ])("cannot be %s: invalid_scope", async (scope) => {
    const partner = await portico.registerPartner();
    expectOAuthError(await requestToken({ ...credentials(partner), scope }), 400, "invalid_scope");
  });
});

describe("discovery", () => {
  test("tells where everything is and what is supported (RFC 8414)", async () => {
    const answer = await portico.call("GET", "/.well-known/oauth-authorization-server");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("cache-control")).toMatch(/^public, max-age=\d+$/);
    expect(answer.body).toMatchObject({
      issuer: portico.url,
      token_endpoint: `${portico.url}/oauth/token`,
      revocation_endpoint: `${portico.url}/oauth/revoke`,
      introspection_endpoint: `${portico.url}/oauth/introspect`,
      jwks_uri: `${portico.url}/.well-known/jwks.json`,
      scopes_supported: allScopes.split(" "),
      response_types_supported: [],
      grant_types_supported: ["client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"],
      // Public clients have no secret.
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
      revocation_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
      introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    });
  });

  test("shows the public keys, for caches, and not a private member of them (RFC 7517)", async () => {
    const answer = await portico.call("GET", "/.well-known/jwks.json");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toMatch(/^public, max-age=\d+$/);
    expect(answer.body.keys.length).toBeGreaterThan(0);
    for (const key of answer.body.keys) {
      expect(key).toEqual({
        kty: "OKP",
        crv: "Ed25519",
        x: expect.any(String),
        kid: expect.any(String),
        use: "sig",
        alg: "EdDSA",
      });
    }
  });
});

describe("a stock OAuth client, unmodified", () => {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; this is the local use that it is for
  const insecure = { [oauth.allowInsecureRequests]: true };

  async function discover(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(portico.url);
    const response = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: "oauth2" });
    return await oauth.processDiscoveryResponse(issuer, response);
  }

  test.each([
    ["client_secret_basic", oauth.ClientSecretBasic],
    ["client_secret_post", oauth.ClientSecretPost],
  ])(
    "finds its way by discovery and gets a token with %s that verifies by the published keys",
    async (_method, authentication) => {
      const { id, secret } = await portico.registerPartner({ secret: awkwardSecret });
      const server = await discover();
      const client = { client_id: id };
      const parameters = { scope: "subscriptions:read" };
      const response = await oauth.clientCredentialsGrantRequest(
        server,
        client,
        authentication(secret),
        parameters,
        insecure,
      );
      const answer = await oauth.processClientCredentialsResponse(server, client, response);
      expect(answer).toMatchObject({ token_type: "bearer", expires_in: 3600, scope: "subscriptions:read" });

      const keys = createRemoteJWKSet(new URL(server.jwks_uri!));
      const { payload, protectedHeader } = await jwtVerify(answer.access_token, keys, {
        issuer: server.issuer,
        audience: server.issuer,
        typ: "at+jwt",
        algorithms: ["EdDSA"],
        requiredClaims: ["sub", "iat", "exp", "jti", "client_id", "scope", "principal", "ver"],
      });
      const published = await portico.call("GET", "/.well-known/jwks.json");
      expect(published.body.keys.map(({ kid }: { readonly kid: string }) => kid)).toContain(protectedHeader.kid);
      expect(payload).toEqual({
        iss: portico.url,
        aud: portico.url,
        sub: id,
        client_id: id,
        principal: "partner",
        scope: "subscriptions:read",
        ver: expect.any(Number),
        jti: expect.any(String),
        iat: expect.any(Number),
        exp: payload.iat! + 3600,
      });
    },
  );

  test("understands the refusal of a wrong secret and of a wrong scope", async () => {
    const { id, secret } = await portico.registerPartner();
    const server = await discover();
    const refusal = async (clientSecret: string, scope: string): Promise<unknown> => {
      const response = await oauth.clientCredentialsGrantRequest(
        server,
        { client_id: id },
        oauth.ClientSecretPost(clientSecret),
        { scope },
        insecure,
      );
      return await oauth
        .processClientCredentialsResponse(server, { client_id: id }, response)
        .catch((error: unknown) => error);
    };
    expect(await refusal("wrong", "companies:read")).toMatchObject({ error: "invalid_client", status: 401 });
    expect(await refusal(secret, "everything")).toMatchObject({ error: "invalid_scope", status: 400 });
  });
});

test("every token is one of its own: another jti, type at+jwt, EdDSA, a named key", async () => {
  const partner = await portico.registerPartner();
  const tokens = [await portico.partnerToken(partner), await portico.partnerToken(partner)];
  const [one, other] = tokens.map((token) => decodeJwt(token));
  expect(one?.jti).not.toBe(other?.jti);
  for (const token of tokens) {
    expect(decodeProtectedHeader(token)).toEqual({ alg: "EdDSA", typ: "at+jwt", kid: expect.any(String) });
  }
});

test("no secret, token, e-mail address or Authorization header is logged, whatever becomes of the request", async () => {
  const partner = await portico.registerPartner({ secret: "a-secret-to-be-searched-for" });
  const { email, secret, id } = partner;
  const wrong = "another-secret-to-be-searched-for";
  const answers = [
    await requestToken(credentials(partner)),
    await requestWithBasic(email, secret),
    await requestToken({ client_id: email, client_secret: wrong }),
    await requestWithBasic(id, wrong, { client_secret: secret }),
    await requestToken({ ...credentials(partner), scope: "a-scope-to-be-searched-for" }),
    await portico.call("GET", "/v1/partners/me", { token: "a-token-to-be-searched-for" }),
  ];
  await logged(answers);
  const tokens = answers
    .map(({ body }) => body.access_token as string | undefined)
    .filter((token) => token !== undefined);
  const sensitive = [
    ...tokens,
    ...tokens.map((token) => token.split(".")[2]!),
    email,
    secret,
    wrong,
    "to-be-searched-for",
  ];
  sensitive.push(...[basic(email, secret), basic(id, wrong)].map((header) => header.slice("Basic ".length)));
  expect(sensitive.filter((text) => portico.logs.some((line) => line.includes(text)))).toEqual([]);
});

/** Resolves once the last line about each of these requests has come through the functions' pipes. */
async function logged(answers: readonly Answer[]): Promise<void> {
  const ids = answers.map(({ headers }) => headers.get("x-request-id")!);
  while (!ids.every((id) => portico.logs.some((line) => line.includes(id)))) await setImmediate();
}
