/**
 * Stands in for the company's identity provider: an OpenID provider with discovery, a JWKS and ID tokens. It has no sign-in:
 * the developer who runs the host gets a token for any subject.
 */
import { generateKeyPair, randomBytes, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { promisify } from "node:util";
import type { JWK } from "jose";
import type { Provider } from "oidc-provider";
import * as z from "zod";
import { LocalHostError, messageOf } from "../support/errors.ts";
import { readJsonFile, writeJsonFile } from "../support/json-file.ts";
import { closeServer, listen, loopback } from "../support/loopback-http.ts";

/** The provider's private key, a JWK (RFC 7517) with its `kid`. */
export interface IdpSigningKey extends JWK {
  readonly kty: "RSA";
  readonly kid: string;
  readonly alg: "RS256";
  readonly use: "sig";
}

/** Kept, because a subject is bound to its issuer: port and key stay the same. */
const keptSchema = z.object({
  port: z.int(),
  key: z.looseObject({
    kty: z.literal("RSA"),
    kid: z.string(),
    alg: z.literal("RS256"),
    use: z.literal("sig"),
    d: z.string(),
  }),
});

export interface IdentityProviderOptions {
  /** Keeps port and key (mode 0600). Without it both are new at every start. */
  readonly file?: string;
  /** Receives one line when the issuer had to change. */
  readonly report?: (line: string) => void;
}

/** An OAuth error (RFC 6749 §4.1.2.1) that the provider shows to a person. */
interface ProviderError {
  readonly error: string;
  readonly error_description?: string;
}

const tokenSeconds = 3600;
const jwksPath = "/jwks";

/** The provider stores nothing: its only client is configured, and nobody looks up its tokens. */
const emptyAdapter = {
  find: async () => undefined,
  findByUid: async () => undefined,
  findByUserCode: async () => undefined,
  upsert: async () => undefined,
  consume: async () => undefined,
  destroy: async () => undefined,
  revokeByGrantId: async () => undefined,
};

export class LocalIdentityProvider {
  /** `iss` of its tokens, and where it answers; without a slash at the end. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** `aud` of its tokens: its one client. */
  readonly audience = "portico";
  /** For tests that sign tokens themselves: expired, not yet valid, for a different audience. */
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
   * Listens on its earlier port, or on a free one. The first request loads the provider itself, because that takes longer than
   * the rest of the host's start.
   *
   * @throws LocalHostError when something else wrote the file
   */
  static async start({ file, report }: IdentityProviderOptions = {}): Promise<LocalIdentityProvider> {
    const remedy = "delete it to start with a new issuer";
    const kept = file === undefined ? undefined : readJsonFile(file, keptSchema, remedy);
    const key = kept?.key ?? (await generateKey());
    const { server, port } = await listenAgain(
      (request, response) => void idp.#serve(request, response),
      kept?.port ?? 0,
    );
    const idp = new LocalIdentityProvider(server, port, key);
    if (kept !== undefined && kept.port !== port) {
      report?.(
        `port ${kept.port} of the local identity provider is in use: its issuer is now http://${loopback}:${port}, and everybody who signs in with it is a new user`,
      );
    }
    if (file !== undefined && kept?.port !== port) writeJsonFile(file, { port, key });
    return idp;
  }

  /**
   * Issues an ID token (OpenID Connect Core §2) for Portico, valid for an hour.
   *
   * @param subject any `sub`
   * @param claims further claims, such as `name`
   */
  async token(subject: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const provider = await this.#load();
    const client = await provider.Client.find(this.audience);
    if (client === undefined) throw new Error(`the local identity provider has no client ${this.audience}`);
    const idToken = new provider.IdToken({ sub: subject }, { client });
    idToken.scope = "openid";
    // Otherwise two tokens for a subject in one second are the same token, which is exchanged once.
    for (const [claim, value] of Object.entries({ jti: randomUUID(), ...claims })) idToken.set(claim, value);
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
      ({ Provider }) => new Provider(this.issuer, configurationOf(this.audience, this.signingKey)),
    );
    return await this.#provider;
  }
}

function configurationOf(audience: string, signingKey: IdpSigningKey): object {
  return {
    adapter: () => emptyAdapter,
    jwks: { keys: [signingKey] },
    clients: [
      {
        client_id: audience,
        token_endpoint_auth_method: "none",
        id_token_signed_response_alg: signingKey.alg,
        // `token` issues its tokens; it has no flow of its own.
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
  };
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
