/** Unmodified OAuth clients, through everything that Portico offers them. */
import { randomUUID } from "node:crypto";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { expectTokenRefused } from "../../support/expect-problem.ts";
import {
  accessTokenType,
  allScopes,
  awkwardSecret,
  identityProviderOf,
  jwtType,
  tokenExchange,
} from "../../support/oauth-answers.ts";
import { newPerson } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { sessionCalls } from "../../support/sessions.ts";

const portico = Portico.forSuite();
const { present } = sessionCalls(portico);

async function idToken(): Promise<string> {
  return await identityProviderOf(portico).token(`subject-${randomUUID()}`, { name: "Ada Lovelace" });
}

async function statusOf(path: string, token: string): Promise<number> {
  return (await portico.call("GET", path, { token })).status;
}

describe("oauth4webapi", () => {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; this is the local use that it is for
  const insecure = { [oauth.allowInsecureRequests]: true };

  const web: oauth.Client = { client_id: "web" };

  let server: oauth.AuthorizationServer;

  beforeAll(async () => {
    const issuer = new URL(portico.url);
    const response = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: "oauth2" });
    server = await oauth.processDiscoveryResponse(issuer, response);
  });

  async function exchanged(): Promise<oauth.TokenEndpointResponse> {
    const parameters = { subject_token: await idToken(), subject_token_type: jwtType };
    const response = await oauth.genericTokenEndpointRequest(
      server,
      web,
      oauth.None(),
      tokenExchange,
      parameters,
      insecure,
    );
    return await oauth.processGenericTokenEndpointResponse(server, web, response);
  }

  async function refreshed(refreshToken: string): Promise<oauth.TokenEndpointResponse> {
    const response = await oauth.refreshTokenGrantRequest(server, web, oauth.None(), refreshToken, insecure);
    return await oauth.processRefreshTokenResponse(server, web, response);
  }

  test("discovers the endpoints and supported features", () => {
    expect(server).toMatchObject({
      issuer: portico.url,
      token_endpoint: `${portico.url}/oauth/token`,
      revocation_endpoint: `${portico.url}/oauth/revoke`,
      introspection_endpoint: `${portico.url}/oauth/introspect`,
      jwks_uri: `${portico.url}/.well-known/jwks.json`,
      grant_types_supported: ["client_credentials", "refresh_token", tokenExchange],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
      revocation_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
      introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      dpop_signing_alg_values_supported: ["ES256", "Ed25519", "EdDSA", "PS256"],
    });
  });

  test.each([
    ["client_secret_basic", oauth.ClientSecretBasic],
    ["client_secret_post", oauth.ClientSecretPost],
  ])("gets, introspects and revokes a partner's token with %s", async (_method, authentication) => {
    const { id, secret } = await portico.registerPartner();
    const client = { client_id: id };
    const proof = authentication(secret);
    const issued = await oauth.processClientCredentialsResponse(
      server,
      client,
      await oauth.clientCredentialsGrantRequest(server, client, proof, {}, insecure),
    );
    expect(issued).toMatchObject({ token_type: "bearer", expires_in: 3600, scope: allScopes });
    expect(await statusOf("/v1/partners/me", issued.access_token)).toBe(200);

    const introspected = async (): Promise<oauth.IntrospectionResponse> => {
      const response = await oauth.introspectionRequest(server, client, proof, issued.access_token, insecure);
      return await oauth.processIntrospectionResponse(server, client, response);
    };
    expect(await introspected()).toMatchObject({ active: true, client_id: id, sub: id, scope: allScopes });

    const revocation = await oauth.revocationRequest(server, client, proof, issued.access_token, insecure);
    await oauth.processRevocationResponse(revocation);
    expect(await introspected()).toEqual({ active: false });
    expect(await statusOf("/v1/partners/me", issued.access_token)).toBe(401);
  });

  test("exchanges the provider's token for a session, refreshes and revokes it", async () => {
    const first = await exchanged();
    expect(first).toMatchObject({ token_type: "bearer", expires_in: 900, issued_token_type: accessTokenType });
    const second = await refreshed(first.refresh_token!);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await statusOf("/v1/users/me", second.access_token)).toBe(200);

    const revocation = await oauth.revocationRequest(server, web, oauth.None(), second.refresh_token!, insecure);
    await oauth.processRevocationResponse(revocation);
    expect(await statusOf("/v1/users/me", second.access_token)).toBe(401);
    await expect(refreshed(second.refresh_token!)).rejects.toMatchObject({ error: "invalid_grant", status: 400 });
  });

  test("understands the rejection of a subject token", async () => {
    const response = await oauth.genericTokenEndpointRequest(
      server,
      web,
      oauth.None(),
      tokenExchange,
      { subject_token: "garbage", subject_token_type: jwtType },
      insecure,
    );
    await expect(oauth.processGenericTokenEndpointResponse(server, web, response)).rejects.toMatchObject({
      error: "invalid_request",
      status: 400,
    });
  });
});

describe("openid-client", () => {
  async function configured(clientId: string, authentication: openid.ClientAuth): Promise<openid.Configuration> {
    return await openid.discovery(new URL(portico.url), clientId, undefined, authentication, {
      algorithm: "oauth2",
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; this is the local use that it is for
      execute: [openid.allowInsecureRequests],
    });
  }

  test.each([
    ["client_secret_basic", openid.ClientSecretBasic],
    ["client_secret_post", openid.ClientSecretPost],
  ])("gets, introspects and revokes a partner's token with %s", async (_method, authentication) => {
    const { id, secret } = await portico.registerPartner();
    const configuration = await configured(id, authentication(secret));
    const issued = await openid.clientCredentialsGrant(configuration, { scope: "companies:read" });
    expect(issued).toMatchObject({ token_type: "bearer", scope: "companies:read" });
    expect(issued.expiresIn()).toBeGreaterThan(3500);

    const active = await openid.tokenIntrospection(configuration, issued.access_token);
    expect(active).toMatchObject({ active: true, client_id: id, scope: "companies:read" });
    await openid.tokenRevocation(configuration, issued.access_token, { token_type_hint: "access_token" });
    expect(await openid.tokenIntrospection(configuration, issued.access_token)).toEqual({ active: false });
  });

  test("exchanges the provider's token for a session, refreshes and revokes it", async () => {
    const configuration = await configured("web", openid.None());
    const first = await openid.genericGrantRequest(configuration, tokenExchange, {
      subject_token: await idToken(),
      subject_token_type: jwtType,
    });
    expect(first["issued_token_type"]).toBe(accessTokenType);
    const second = await openid.refreshTokenGrant(configuration, first.refresh_token!);
    expect(await statusOf("/v1/users/me", second.access_token)).toBe(200);

    await openid.tokenRevocation(configuration, second.access_token);
    expect(await statusOf("/v1/users/me", second.access_token)).toBe(401);
    await expect(openid.refreshTokenGrant(configuration, second.refresh_token!)).rejects.toMatchObject({
      error: "invalid_grant",
      status: 400,
    });
  });

  test("understands the rejection of a wrong secret and of a wrong scope", async () => {
    const { id, secret } = await portico.registerPartner();
    const wrong = await configured(id, openid.ClientSecretPost("wrong"));
    await expect(openid.clientCredentialsGrant(wrong)).rejects.toMatchObject({ error: "invalid_client", status: 401 });
    const right = await configured(id, openid.ClientSecretPost(secret));
    await expect(openid.clientCredentialsGrant(right, { scope: "everything" })).rejects.toMatchObject({
      error: "invalid_scope",
      status: 400,
    });
  });
});

describe("oauth4webapi as a partner", () => {
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
    "gets a token with %s after discovery and verifies it with the published keys",
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

  test("understands the rejection of a wrong secret and of a wrong scope", async () => {
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

describe("oauth4webapi with DPoP", () => {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; this is the local use that it is for
  const insecure = { [oauth.allowInsecureRequests]: true };

  test.each(["ES256", "Ed25519", "PS256"])(
    "gets a token bound to a key of %s and calls the API with it",
    async (alg) => {
      const { id, secret } = await portico.registerPartner();
      await portico.callAsRoot("PATCH", `/v1/partners/${id}`, { dpopBoundAccessTokens: true });
      const client: oauth.Client = { client_id: id, dpop_bound_access_tokens: true };
      const issuer = new URL(portico.url);
      const discovery = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: "oauth2" });
      const server = await oauth.processDiscoveryResponse(issuer, discovery);
      expect(server.dpop_signing_alg_values_supported).toContain(alg);
      const DPoP = oauth.DPoP(client, await oauth.generateKeyPair(alg, { extractable: true }));
      const options = { ...insecure, DPoP };
      const response = await oauth.clientCredentialsGrantRequest(
        server,
        client,
        oauth.ClientSecretBasic(secret),
        { scope: "companies:read" },
        options,
      );
      const { access_token: token, token_type: type } = await oauth.processClientCredentialsResponse(
        server,
        client,
        response,
      );
      expect(type).toBe("dpop");
      const get = async (path: string, more: oauth.ProtectedResourceRequestOptions): Promise<number> =>
        (
          await oauth.protectedResourceRequest(
            token,
            "GET",
            new URL(`${portico.url}${path}`),
            undefined,
            undefined,
            more,
          )
        ).status;
      expect(await get("/v1/partners/me", options)).toBe(200);
      expect(await get("/v1/companies?limit=5", options)).toBe(200);

      const stranger = oauth.DPoP(client, await oauth.generateKeyPair(alg));
      for (const given of [{ ...insecure, DPoP: stranger }, insecure]) {
        await expect(get("/v1/partners/me", given)).rejects.toMatchObject({
          status: 401,
          cause: [{ scheme: "dpop", parameters: { error: "invalid_token" } }],
        });
      }
    },
  );
});

describe("oauth4webapi as a public client", () => {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; this is the local use that it is for
  const insecure = { [oauth.allowInsecureRequests]: true };

  const client = { client_id: "web" };

  test("refreshes and revokes after discovery", async () => {
    const person = await newPerson(portico);
    const issuer = new URL(portico.url);
    const discovery = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: "oauth2" });
    const server = await oauth.processDiscoveryResponse(issuer, discovery);
    const ask = async (refreshToken: string): Promise<oauth.TokenEndpointResponse> => {
      const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refreshToken, insecure);
      return await oauth.processRefreshTokenResponse(server, client, response);
    };
    const answer = await ask(person.refreshToken);
    expect(answer).toMatchObject({ token_type: "bearer", expires_in: 900, refresh_token: expect.any(String) });
    expect((await present(answer.access_token)).status).toBe(200);
    const revocation = await oauth.revocationRequest(server, client, oauth.None(), answer.refresh_token!, insecure);
    await oauth.processRevocationResponse(revocation);
    await expect(ask(answer.refresh_token!)).rejects.toMatchObject({ error: "invalid_grant", status: 400 });
    expectTokenRefused(await present(answer.access_token), "token_revoked");
  });
});
