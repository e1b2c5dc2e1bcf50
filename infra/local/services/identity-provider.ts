/**
 * The external identity provider of the local stage: an OpenID provider with discovery, a JWKS and ID tokens. It asks nobody
 * to sign in; whoever runs the host gets a token for any subject.
 */
import { generateKeyPair, randomBytes, randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { promisify } from "node:util";
import type { JWK } from "jose";
import type { Provider } from "oidc-provider";
import { LocalHostError, messageOf } from "../support/errors.ts";
import { closeServer, listen, loopback } from "../support/loopback-http.ts";

/** The provider's private key, a JWK (RFC 7517) with its `kid`. */
export interface IdpSigningKey extends JWK {
  readonly kty: "RSA";
  readonly kid: string;
  readonly alg: "RS256";
  readonly use: "sig";
}

/** What is kept, so that issuer and keys stay the same: a subject is bound to its issuer. */
interface Kept {
  readonly port: number;
  readonly key: IdpSigningKey;
}

export interface IdentityProviderOptions {
  /** Where port and key are kept (mode 0600); both are new at every start when absent. */
  readonly file?: string;
  /** Told, in one line, when the issuer could not stay what it was. */
  readonly report?: (line: string) => void;
}

/** An error of OAuth (RFC 6749 §4.1.2.1) that the provider shows to a person. */
interface ProviderError {
  readonly error: string;
  readonly error_description?: string;
}

const tokenSeconds = 3600;
const jwksPath = "/jwks";

/** The provider keeps nothing: its only client is configured, and its tokens are not looked up again. */
const forgetful = {
  find: async () => undefined,
  findByUid: async () => undefined,
  findByUserCode: async () => undefined,
  upsert: async () => undefined,
  consume: async () => undefined,
  destroy: async () => undefined,
  revokeByGrantId: async () => undefined,
};

export class IdentityProvider {
  /** `iss` of its tokens, and where it answers; without a slash at the end. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** `aud` of its tokens: its one client. */
  readonly audience = "portico";
  /** Signs whatever else a test wants to see refused: expired, not yet valid, for another audience. */
  readonly signingKey: IdpSigningKey;
  readonly #server: Server;
  #provider: Promise<Provider> | undefined;

  private constructor(server: Server, port: number, signingKey: IdpSigningKey) {
    this.#server = server;
    this.issuer = `http://${loopback}:${port}`;
    this.jwksUri = `${this.issuer}${jwksPath}`;
    this.signingKey = signingKey;
  }

  /**
   * Listens on the port that it had before, or on a free one. The provider itself is loaded when it is first asked for
   * something: it takes longer than the rest of the host's start.
   *
   * @throws LocalHostError when the file is not what this class wrote
   */
  static async start({ file, report }: IdentityProviderOptions = {}): Promise<IdentityProvider> {
    const kept = file !== undefined && existsSync(file) ? read(file) : undefined;
    const key = kept?.key ?? (await generateKey());
    const { server, port } = await listenAgain(
      (request, response) => void idp.#serve(request, response),
      kept?.port ?? 0,
    );
    const idp = new IdentityProvider(server, port, key);
    if (kept !== undefined && kept.port !== port) {
      report?.(
        `port ${kept.port} of the local identity provider is in use: its issuer is now http://${loopback}:${port}, and who signs in by it is a new user`,
      );
    }
    if (file !== undefined && kept?.port !== port) write(file, { port, key });
    return idp;
  }

  /**
   * An ID token (OpenID Connect Core §2) for Portico, valid for an hour from now.
   *
   * @param subject `sub`, of anybody
   * @param claims further ones, e.g. `name`
   */
  async token(subject: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const provider = await this.#load();
    const client = await provider.Client.find(this.audience);
    if (client === undefined) throw new Error(`the local identity provider has no client ${this.audience}`);
    const idToken = new provider.IdToken({ sub: subject }, { client });
    idToken.scope = "openid";
    for (const [claim, value] of Object.entries(claims)) idToken.set(claim, value);
    return await idToken.issue({ use: "idtoken" });
  }

  async close(): Promise<void> {
    await closeServer(this.#server);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      (await this.#load()).callback()(request, response);
    } catch (error) {
      response.writeHead(500).end(messageOf(error));
    }
  }

  async #load(): Promise<Provider> {
    this.#provider ??= import("oidc-provider").then(
      ({ Provider }) =>
        new Provider(this.issuer, {
          adapter: () => forgetful,
          jwks: { keys: [this.signingKey] },
          clients: [
            {
              client_id: this.audience,
              token_endpoint_auth_method: "none",
              id_token_signed_response_alg: this.signingKey.alg,
              // It is given its tokens by `token` and has no flow of its own.
              grant_types: [],
              response_types: [],
              redirect_uris: [],
            },
          ],
          clientAuthMethods: ["none"],
          responseTypes: ["id_token"],
          scopes: ["openid", "profile"],
          claims: { openid: ["sub"], profile: ["name"] },
          cookies: { keys: [randomBytes(32).toString("base64url")] },
          routes: { jwks: jwksPath },
          ttl: { IdToken: tokenSeconds },
          renderError: (context: { body: unknown }, { error, error_description: description }: ProviderError) => {
            context.body = `${error}: ${description ?? "no details"}`;
          },
          findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
          features: {
            devInteractions: { enabled: false },
            pushedAuthorizationRequests: { enabled: false },
            rpInitiatedLogout: { enabled: false },
            userinfo: { enabled: false },
          },
        }),
    );
    return await this.#provider;
  }
}

async function listenAgain(listener: RequestListener, port: number): Promise<{ server: Server; port: number }> {
  const server = createServer({ keepAliveTimeout: 0 }, listener);
  try {
    return { server, port: await listen(server, port) };
  } catch (error) {
    if (port === 0 || !(error instanceof LocalHostError)) throw error;
    return await listenAgain(listener, 0);
  }
}

async function generateKey(): Promise<IdpSigningKey> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kty: "RSA", kid: randomUUID(), alg: "RS256", use: "sig" };
}

function read(file: string): Kept {
  try {
    const { port, key } = JSON.parse(readFileSync(file, "utf8")) as Kept;
    if (!Number.isInteger(port) || key.kty !== "RSA" || typeof key.d !== "string") throw new Error("it holds no key");
    return { port, key };
  } catch (error) {
    throw new LocalHostError(`cannot read ${file}: ${messageOf(error)}; delete it to start anew`);
  }
}

function write(file: string, kept: Kept): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify(kept), { mode: 0o600 });
  renameSync(temporary, file);
}
