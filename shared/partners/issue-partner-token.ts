/** Issues an access token to a partner: the grant `client_credentials` (RFC 6749 §4.4). */
import { issueAccessToken } from "../identity/access-tokens.ts";
import type { TokenAnswer, TokenRequest } from "../identity/contract.ts";
import { currentSigningKey } from "../identity/signing-keys.ts";
import { nextTokenVersion } from "../identity/store.ts";
import { grantedScopes, readClientCredentials } from "../identity/token-requests.ts";
import type { Table } from "../runtime/table.ts";
import { authenticateClient, type AuthenticatedClient, type ClientContext } from "./authenticate-client.ts";

/**
 * @throws OAuthError `invalid_client`, `invalid_request`, `invalid_scope`
 * @throws ConcurrencyConflict when the partner's state changed since it was read
 */
export async function issuePartnerToken(
  body: TokenRequest,
  authorization: string | undefined,
  context: ClientContext,
): Promise<TokenAnswer> {
  const { secrets, table, environment, now } = context;
  const presented = readClientCredentials(authorization, body);
  const [key, client] = await Promise.all([currentSigningKey(secrets), authenticateClient(presented, context)]);
  const scopes = grantedScopes(body.scope);
  const version = await versionOfNewToken(table, client);
  const { token, expiresIn } = await issueAccessToken(
    { principal: { kind: "partner", id: client.id, scopes }, clientId: client.id, version },
    key,
    { issuer: environment.PUBLIC_URL, lifetimeSeconds: environment.PARTNER_TOKEN_SECONDS, now },
  );
  return { access_token: token, token_type: "Bearer", expires_in: expiresIn, scope: scopes.join(" ") };
}

/** Updated outside of the operation's change, because the token carries the version that the update returns. */
async function versionOfNewToken(table: Table, { id, state }: AuthenticatedClient): Promise<number> {
  return state.tokenPolicy === "many" ? state.version : (await table.update(nextTokenVersion(id))).version;
}
