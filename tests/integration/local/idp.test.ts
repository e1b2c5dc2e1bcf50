import { createServer } from "node:http";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { jest } from "@jest/globals";
import { createRemoteJWKSet, importJWK, jwtVerify, SignJWT, type JWTPayload } from "jose";
import { allowInsecureRequests, discovery } from "openid-client";
import { closeServer, listen } from "../../../infra/local/support/loopback-http.ts";
import { startHost, type Host } from "../../../infra/local/host.ts";
import { LocalIdentityProvider } from "../../../infra/local/services/identity-provider.ts";
import { readModel } from "../../../infra/local/template/read-deployment.ts";
import { loadAssembly } from "../../../infra/local/template/cloud-assembly.ts";
import {
  apiResources,
  functionResource,
  methodResource,
  resourceResource,
  rootResource,
  temporaryFolder,
  writeAssembly,
  type TemporaryFolder,
} from "./fixture.ts";

/** Verifies the provider's tokens like Portico's functions. */
async function verify(token: string, { issuer, jwksUri, audience }: LocalIdentityProvider): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwksUri)), {
    issuer,
    audience,
    algorithms: ["RS256"],
  });
  return payload;
}

describe("the local identity provider", () => {
  let idp: LocalIdentityProvider;
  beforeAll(async () => {
    idp = await LocalIdentityProvider.start();
  });
  afterAll(async () => await idp.close());

  test("issues a token for any subject, for Portico, valid for an hour", async () => {
    const { sub, aud, iss, exp = 0, iat = 0 } = await verify(await idp.token("ada"), idp);
    expect({ sub, aud, iss, seconds: exp - iat }).toEqual({
      sub: "ada",
      aud: "portico",
      iss: idp.issuer,
      seconds: 3600,
    });
  });

  test("puts the given claims into the token", async () => {
    const claims = { name: "Ada Lovelace", email: "ada@example.com" };
    expect(await verify(await idp.token("ada", claims), idp)).toMatchObject({ sub: "ada", ...claims });
  });

  test("is discovered by a standard client from its issuer alone", async () => {
    const configuration = await discovery(new URL(idp.issuer), idp.audience, undefined, undefined, {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- deprecated so that nobody uses it beyond 127.0.0.1
      execute: [allowInsecureRequests],
    });
    expect(configuration.serverMetadata()).toMatchObject({ issuer: idp.issuer, jwks_uri: idp.jwksUri });
  });

  test("publishes no private member of its key", async () => {
    const { keys } = (await (await fetch(idp.jwksUri)).json()) as { keys: readonly object[] };
    expect(keys).toEqual([
      { kty: "RSA", use: "sig", alg: "RS256", kid: idp.signingKey.kid, e: "AQAB", n: idp.signingKey.n },
    ]);
  });

  test.each<[string, object, string]>([
    ["an expired token", { exp: 1 }, "ERR_JWT_EXPIRED"],
    ["a token that is not valid yet", { nbf: 2 ** 40 }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
    ["a token for a different audience", { aud: "another" }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
  ])("gives tests its key, with which they sign %s", async (_what, claims, code) => {
    const now = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({
      iss: idp.issuer,
      aud: idp.audience,
      sub: "ada",
      iat: now,
      exp: now + 60,
      ...claims,
    })
      .setProtectedHeader({ alg: "RS256", kid: idp.signingKey.kid })
      .sign(await importJWK(idp.signingKey, "RS256"));
    await expect(verify(token, idp)).rejects.toMatchObject({ code });
  });

  test("issues no token over HTTP", async () => {
    const form = new URLSearchParams({ client_id: idp.audience, grant_type: "client_credentials" });
    expect((await fetch(`${idp.issuer}/token`, { method: "POST", body: form })).status).toBe(400);
    expect((await fetch(`${idp.issuer}/auth?client_id=${idp.audience}&response_type=id_token`)).status).toBe(400);
  });

  test("writes nothing to the terminal", async () => {
    const methods = (["log", "info", "warn", "error"] as const).map((name) => jest.spyOn(console, name));
    const another = await LocalIdentityProvider.start();
    try {
      await another.token("ada");
      await fetch(`${another.issuer}/.well-known/openid-configuration`);
      await fetch(`${another.issuer}/auth?client_id=unknown`);
      await fetch(`${another.issuer}/nowhere`);
      for (const method of methods) expect(method).not.toHaveBeenCalled();
    } finally {
      await another.close();
      jest.restoreAllMocks();
    }
  });
});

describe("the local identity provider with a data folder", () => {
  let data: TemporaryFolder;
  let file: string;
  beforeEach(() => {
    data = temporaryFolder();
    file = join(data.folder, "idp.json");
  });
  afterEach(() => data.remove());

  const startedAndStopped = async (report?: (line: string) => void): Promise<LocalIdentityProvider> => {
    const idp = await LocalIdentityProvider.start({ file, ...(report && { report }) });
    await idp.close();
    return idp;
  };

  test("keeps issuer and key in a file that only its owner can read", async () => {
    const [first, second] = [await startedAndStopped(), await startedAndStopped()];
    expect([second.issuer, second.signingKey]).toEqual([first.issuer, first.signingKey]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("keeps the key and reports the new issuer when its port is in use", async () => {
    const first = await startedAndStopped();
    const occupier = createServer();
    await listen(occupier, Number(new URL(first.issuer).port));
    const lines: string[] = [];
    try {
      const second = await startedAndStopped((line) => lines.push(line));
      expect(second.issuer).not.toBe(first.issuer);
      expect(second.signingKey).toEqual(first.signingKey);
      expect(lines).toEqual([expect.stringContaining(`its issuer is now ${second.issuer}`)]);
      expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ port: Number(new URL(second.issuer).port) });
    } finally {
      await closeServer(occupier);
    }
  });

  test("refuses a file that something else wrote, in one line that says what to do", async () => {
    writeFileSync(file, "{}");
    await expect(LocalIdentityProvider.start({ file })).rejects.toThrow(
      /^cannot read .*idp\.json: .*delete it to start with a new issuer$/,
    );
  });
});

describe("a host", () => {
  const template = (parameters: object, variables: object): object => ({
    Parameters: { PublicUrl: { Type: "String" }, ...parameters },
    Resources: {
      ...apiResources,
      AuthorizerFunction: functionResource("environment"),
      Environment: functionResource("environment", { Environment: { Variables: variables } }),
      EnvironmentResource: resourceResource(rootResource, "environment"),
      GetEnvironment: methodResource({ Ref: "EnvironmentResource" }, "GET", "Environment"),
    },
  });
  const bundles = {
    environment: `export const handler = async () => {
      const { IDP_ISSUER, IDP_JWKS_URI } = process.env;
      const keys = IDP_JWKS_URI && await (await fetch(IDP_JWKS_URI)).json();
      return { statusCode: 200, body: JSON.stringify({ IDP_ISSUER, IDP_JWKS_URI, keys: keys?.keys.length }) };
    };`,
  };
  const run = async (parameters: object, variables: object, use: (host: Host) => Promise<void>): Promise<void> => {
    const assembly = writeAssembly({ Fixture: template(parameters, variables) }, bundles);
    try {
      const host = await startHost({ assembly: assembly.folder });
      try {
        await use(host);
      } finally {
        await host.close();
      }
    } finally {
      assembly.remove();
    }
  };

  test("passes its identity provider to a template with such parameters, and stops it at the end", async () => {
    const parameters = { IdpIssuer: { Type: "String" }, IdpJwksUri: { Type: "String" } };
    const variables = { IDP_ISSUER: { Ref: "IdpIssuer" }, IDP_JWKS_URI: { Ref: "IdpJwksUri" } };
    let jwksUri = "";
    await run(parameters, variables, async ({ url, idp }) => {
      jwksUri = idp!.jwksUri;
      expect(await (await fetch(`${url}/environment`)).json()).toEqual({
        IDP_ISSUER: idp!.issuer,
        IDP_JWKS_URI: jwksUri,
        keys: 1,
      });
    });
    await expect(fetch(jwksUri)).rejects.toThrow("fetch failed");
  });

  test("has no identity provider for a template without such parameters", async () => {
    await run({}, {}, async ({ idp }) => {
      expect(idp).toBeUndefined();
    });
  });
});

test("the local stage's functions accept only the local provider's tokens", () => {
  const parameters = {
    PublicUrl: "http://127.0.0.1:1",
    IdpIssuer: "http://127.0.0.1:2",
    IdpJwksUri: "http://127.0.0.1:2/jwks",
  };
  const { functions, api } = readModel(loadAssembly(process.env.PORTICO_TEST_ASSEMBLY!, parameters));
  const invoked = new Set(api!.routes.map(({ functionId }) => functionId));
  expect(invoked.size).toBeGreaterThan(60);
  for (const { environment } of functions.filter(({ id }) => invoked.has(id))) {
    expect(environment).toMatchObject({
      IDP_AUDIENCE: "portico",
      IDP_ALGORITHMS: "RS256",
      IDP_ISSUER: "http://127.0.0.1:2",
    });
  }
});
