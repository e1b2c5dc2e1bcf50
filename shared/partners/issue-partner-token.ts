/** The grant `client_credentials` (RFC 6749 §4.4): a partner gets an access token. */
import { issueAccessToken } from "../identity/access-tokens.ts";
import type { TokenAnswer, TokenRequest } from "../oauth/contract.ts";
import { currentSigningKey } from "../identity/signing-keys.ts";
import { versionOfNewToken } from "../identity/store.ts";
import { grantedScopes, readClientCredentials } from "../identity/token-requests.ts";
import { authenticateClient, type ClientContext } from "./authenticate-client.ts";

/**
 * @throws OAuthError `invalid_client`, `invalid_request`, `invalid_scope`
 * @throws ConcurrencyConflict when the partner's state has changed meanwhile
 */
export async function clientCredentialsGrant(
  body: TokenRequest,
  authorization: string | undefined,
  context: ClientContext,
): Promise<TokenAnswer> {
  const { secrets, table, environment, now } = context;
  const presented = readClientCredentials(authorization, body);
  const [key, client] = await Promise.all([currentSigningKey(secrets), authenticateClient(presented, context)]);
  const scopes = grantedScopes(body.scope);
  const version = await versionOfNewToken(table, client.id, client.state);
  const { token, expiresIn } = await issueAccessToken(
    { principal: { kind: "partner", id: client.id, scopes }, clientId: client.id, version },
    key,
    { issuer: environment.PUBLIC_URL, lifetimeSeconds: environment.PARTNER_TOKEN_SECONDS, now },
  );
  return { access_token: token, token_type: "Bearer", expires_in: expiresIn, scope: scopes.join(" ") };
}
