/** What a request to the OAuth endpoints asks for (RFC 6749 §2.3, §3.2, §3.3, RFC 8693 §2.1). */
import { publicClients, type Environment } from "../runtime/environment.ts";
import { OAuthError } from "../contract/oauth-error.ts";
import { scopes, type Scope } from "../domain/access.ts";
import { hasIdentityProvider } from "./external-identity.ts";

export const tokenExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";

const grants = ["client_credentials", "refresh_token", tokenExchangeGrant] as const;
export type Grant = (typeof grants)[number];

/** The grants that the stage serves: token exchange only where it has an identity provider. */
export function grantsOf(environment: Environment): readonly Grant[] {
  return grants.filter((grant) => grant !== tokenExchangeGrant || hasIdentityProvider(environment));
}

/** @throws OAuthError `invalid_request` without a grant type, `unsupported_grant_type` for one that is not served */
export function readGrant(grantType: string | undefined, environment: Environment): Grant {
  if (grantType === undefined) throw new OAuthError("invalid_request", "grant_type is required");
  const served = grantsOf(environment);
  const grant = served.find((name) => name === grantType);
  if (grant === undefined) throw new OAuthError("unsupported_grant_type", `The grant types are ${served.join(", ")}`);
  return grant;
}

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

interface PresentedClient {
  readonly client_id?: string | undefined;
  readonly client_secret?: string | undefined;
}

/**
 * The credentials of a client, by `client_secret_basic` or `client_secret_post`.
 *
 * @throws OAuthError `invalid_request` for both at once, `invalid_client` for neither or a malformed header
 */
export function readClientCredentials(authorization: string | undefined, body: PresentedClient): ClientCredentials {
  const { client_id: bodyId, client_secret: bodySecret } = body;
  if (authorization === undefined) {
    if (bodyId === undefined || bodySecret === undefined) throw invalidClient("Client authentication is required");
    return { clientId: bodyId, clientSecret: bodySecret };
  }
  const basic = readBasic(authorization);
  if (basic === undefined) throw invalidClient("The Authorization header is not one of HTTP Basic");
  if (bodySecret !== undefined || (bodyId !== undefined && bodyId !== basic.clientId)) {
    throw new OAuthError("invalid_request", "A client authenticates in one way only");
  }
  return basic;
}

/** Whether a client names itself without a secret, as public clients do (RFC 6749 §3.2.1). */
export function isPublicClient(authorization: string | undefined, { client_secret: secret }: PresentedClient): boolean {
  return authorization === undefined && secret === undefined;
}

/**
 * The public client that a request names.
 *
 * @throws OAuthError `invalid_client` for none, an unknown one, or one that presents a secret it cannot have
 */
export function readPublicClient(
  authorization: string | undefined,
  body: PresentedClient,
  environment: Environment,
): string {
  const clientId = body.client_id;
  const known = clientId !== undefined && publicClients(environment).includes(clientId);
  if (!known || !isPublicClient(authorization, body)) throw invalidClient("Name a public client by its client_id");
  return clientId;
}

/**
 * RFC 6749 §2.3.1: both halves are form-encoded before they are joined, so the first colon parts them. No secret has a
 * blank, so a `+` is a plus, which lets clients pass that did not encode it.
 */
function readBasic(authorization: string): ClientCredentials | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? "", "base64").toString("utf8")) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  try {
    return { clientId: decodeURIComponent(id), clientSecret: decodeURIComponent(secret) };
  } catch {
    return undefined;
  }
}

/** @param description what is wrong; it never tells whether the client exists */
export function invalidClient(description: string): OAuthError {
  return new OAuthError("invalid_client", description, {
    status: 401,
    // API Gateway passes this on as x-amzn-Remapped-WWW-Authenticate: see docs/oauth.md.
    headers: { "www-authenticate": 'Basic realm="portico", charset="UTF-8"' },
  });
}

/**
 * The scopes of a token: those that are asked for, or all.
 *
 * @param scope blank-separated
 * @throws OAuthError `invalid_scope`
 */
export function grantedScopes(scope: string | undefined): readonly Scope[] {
  const wanted = (scope ?? "").split(" ").filter(Boolean);
  if (wanted.length === 0) return scopes;
  const known: readonly string[] = scopes;
  if (!wanted.every((name) => known.includes(name))) {
    throw new OAuthError("invalid_scope", `The scopes are ${scopes.join(" ")}`);
  }
  return scopes.filter((name) => wanted.includes(name));
}

/** People's tokens have roles instead of scopes. @throws OAuthError `invalid_scope` for any scope */
export function refuseScope(scope: string | undefined): void {
  if ((scope ?? "").trim() !== "") throw new OAuthError("invalid_scope", "A person's token has no scopes");
}
