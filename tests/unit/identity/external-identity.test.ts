/** How the identity provider's keys are fetched and cached: at a limited rate and with a timeout. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { jest } from "@jest/globals";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import type { Environment } from "../../../shared/runtime/environment.ts";
import { Problem } from "../../../shared/domain/problems.ts";
import type { verifyExternalToken as Verify } from "../../../shared/identity/external-identity.ts";

const second = 1000;
const minute = 60 * second;

/** A provider that serves only its keys. */
class KeyServer {
  fetches = 0;
  keys: JWK[] = [];
  /** Overrides its response while set. */
  instead: ((response: ServerResponse) => void) | undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<KeyServer> {
    const server = createServer((_request, response) => {
      self.fetches++;
      if (self.instead !== undefined) self.instead(response);
      else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys: self.keys }));
    });
    const self = new KeyServer(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return self;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Publishes a new key and returns a signer for its tokens. */
  async addKey(kid: string): Promise<(claims?: Readonly<Record<string, unknown>>) => Promise<string>> {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    this.keys.push({ ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" });
    return (claims) => this.sign(privateKey, kid, claims);
  }

  async sign(key: CryptoKey, kid: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return await new SignJWT({ iss: this.issuer, aud: "portico", sub: "ada", ...claims })
      .setProtectedHeader({ alg: "RS256", kid })
      .setIssuedAt()
      .setExpirationTime("5m")
      .sign(key);
  }
}

let provider: KeyServer;
let verify: (token: string) => ReturnType<typeof Verify>;
/** The offset of the clock from the machine's. */
let aheadMs = 0;
beforeEach(async () => {
  provider = await KeyServer.start();
  const environment = {
    IDP_ISSUER: provider.issuer,
    IDP_AUDIENCE: "portico",
    IDP_ALGORITHMS: "RS256",
    IDP_JWKS_URI: `${provider.issuer}/jwks`,
  } as Environment;
  // The module caches the keys, so each test loads it again, like a new process.
  jest.resetModules();
  const { verifyExternalToken } = await import("../../../shared/identity/external-identity.ts");
  verify = (token) => verifyExternalToken(token, environment);
  aheadMs = 0;
  const now = Date.now.bind(Date);
  jest.spyOn(Date, "now").mockImplementation(() => now() + aheadMs);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await provider.close();
});

const ada = () => ({
  issuer: provider.issuer,
  subject: "ada",
  name: undefined,
  usedSecondFactor: false,
  token: { id: expect.any(String), refusedFrom: expect.any(Number) },
});

/** Expects the error that becomes a 503, which says nothing about the token. */
async function expectUnavailable(verified: Promise<unknown>): Promise<void> {
  const error: unknown = await verified.catch((caught: unknown) => caught);
  // Each test loads the modules again, so the class differs.
  expect({ name: (error as Problem).name, code: (error as Problem).code }).toEqual({
    name: new Problem("unavailable", "").name,
    code: "unavailable",
  });
}

test("fetches the keys once for any number of tokens", async () => {
  const sign = await provider.addKey("one");
  for (let index = 0; index < 5; index++) expect(await verify(await sign())).toEqual(ada());
  expect(provider.fetches).toBe(1);
});

test("fetches the keys once for fifty parallel tokens", async () => {
  const sign = await provider.addKey("one");
  const tokens = await Promise.all(Array.from({ length: 50 }, () => sign()));
  expect(await Promise.all(tokens.map(verify))).toEqual(tokens.map(ada));
  expect(provider.fetches).toBe(1);
});

test("cached keys work for ten minutes while the provider is unreachable", async () => {
  const sign = await provider.addKey("one");
  await verify(await sign());
  provider.instead = (response) => response.writeHead(500).end();
  aheadMs = 9 * minute;
  expect(await verify(await sign())).toEqual(ada());
  aheadMs = 11 * minute;
  await expectUnavailable(verify(await sign()));
  provider.instead = undefined;
  expect(await verify(await sign())).toEqual(ada());
});

test("finds a new key of the provider 30 seconds after the last fetch", async () => {
  await verify(await (await provider.addKey("one"))());
  const signWithNew = await provider.addKey("two");
  expect(await verify(await signWithNew())).toBeUndefined();
  aheadMs = 31 * second;
  expect(await verify(await signWithNew())).toEqual(ada());
  expect(provider.fetches).toBe(2);
});

test("a hundred tokens of unknown keys cause one fetch per 30 seconds", async () => {
  const sign = await provider.addKey("one");
  await verify(await sign());
  const { privateKey } = await generateKeyPair("RS256");
  const attack = async (): Promise<void> => {
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, index) => provider.sign(privateKey, `unknown ${index}`)),
    );
    for (const token of tokens) expect(await verify(token)).toBeUndefined();
  };
  await attack();
  expect(provider.fetches).toBe(1);
  aheadMs = 31 * second;
  await attack();
  expect(provider.fetches).toBe(2);
  expect(await verify(await sign())).toEqual(ada());
});

test("a key that the provider removed verifies for at most ten minutes", async () => {
  const sign = await provider.addKey("one");
  await verify(await sign());
  provider.keys = [];
  aheadMs = 11 * minute;
  expect(await verify(await sign())).toBeUndefined();
});

test.each<[string, (response: ServerResponse) => void]>([
  ["an error", (response) => response.writeHead(500).end("no")],
  ["a page", (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>")],
  ["JSON that is no key set", (response) => response.writeHead(200).end("{}")],
  ["a redirection", (response) => response.writeHead(302, { location: "/elsewhere" }).end()],
  ["a connection that breaks", (response) => response.destroy()],
])("%s instead of the keys means unavailable", async (_what, instead) => {
  const sign = await provider.addKey("one");
  provider.instead = instead;
  await expectUnavailable(verify(await sign()));
  provider.instead = undefined;
  expect(await verify(await sign())).toEqual(ada());
});

test("gives up on a provider that does not answer within three seconds", async () => {
  const sign = await provider.addKey("one");
  provider.instead = () => undefined;
  const before = performance.now();
  await expectUnavailable(verify(await sign()));
  expect(performance.now() - before).toBeLessThan(10 * second);
});

test("rejects a token with another algorithm, too long or not a JWT without fetching the keys", async () => {
  const sign = await provider.addKey("one");
  const hmac = await new SignJWT({ sub: "ada" }).setProtectedHeader({ alg: "HS256" }).sign(new Uint8Array(32));
  for (const token of [hmac, "garbage", "", await sign({ padding: "x".repeat(8192) })]) {
    expect(await verify(token)).toBeUndefined();
  }
  expect(provider.fetches).toBe(0);
});

test("a stage without a provider accepts no token", async () => {
  const sign = await provider.addKey("one");
  const { hasIdentityProvider, verifyExternalToken } = await import("../../../shared/identity/external-identity.ts");
  expect(hasIdentityProvider({} as Environment)).toBe(false);
  expect(await verifyExternalToken(await sign(), {} as Environment)).toBeUndefined();
  expect(provider.fetches).toBe(0);
});
