/** Discovery and the published keys. Covers `oauth/keys`. */
import { allScopes } from "../../support/oauth-answers.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();

describe("discovery", () => {
  test("lists the endpoints and supported features (RFC 8414)", async () => {
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

  test("publishes the cacheable public keys without private members (RFC 7517)", async () => {
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
