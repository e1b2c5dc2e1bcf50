/** Issues an access token to a partner: the grant `client_credentials` (RFC 6749 §4.4). */
import { issueAccessToken } from "../identity/access-tokens.ts";
import type { TokenAnswer, TokenRequest } from "../identity/contract.ts";
import { OAuthError } from "../contract/oauth-error.ts";
import type { Proof } from "../identity/dpop.ts";
import { currentSigningKey } from "../identity/signing-keys.ts";
import { nextTokenVersion } from "../identity/store.ts";
import { tokenProofUse, tokenTypeOf } from "../identity/token-proof.ts";
import { grantedScopes, readClientCredentials } from "../identity/token-requests.ts";
import type { Table } from "../runtime/table.ts";
import { authenticateClient, type AuthenticatedClient, type ClientContext } from "./authenticate-client.ts";

/**
 * @param proof binds the token to its key
 * @throws OAuthError `invalid_client`, `invalid_request`, `invalid_scope`, `invalid_dpop_proof`
 * @throws ConcurrencyConflict when the partner's state changed since it was read
 */
export async function issuePartnerToken(
  body: TokenRequest,
  authorization: string | undefined,
  context: ClientContext,
  proof: Proof | undefined,
): Promise<TokenAnswer> {
  const { secrets, table, environment, now } = context;
  const presented = readClientCredentials(authorization, body);
  const [key, client] = await Promise.all([currentSigningKey(secrets), authenticateClient(presented, context)]);
  const scopes = grantedScopes(body.scope);
  if (proof === undefined && client.state.dpopBoundAccessTokens === true) {
    throw new OAuthError("invalid_request", "This client has to send a DPoP proof");
  }
  // Before the update below, so that a replay does not end the partner's current token.
  if (proof !== undefined) await table.update(tokenProofUse(proof));
  const version = await versionOfNewToken(table, client, { isBound: proof !== undefined, now });
  const { token, expiresIn } = await issueAccessToken(
    {
      principal: { kind: "partner", id: client.id, scopes },
      clientId: client.id,
      version,
      thumbprint: proof?.thumbprint,
    },
    key,
    {
      issuer: environment.PUBLIC_URL,
      lifetimeSeconds: environment.PARTNER_TOKEN_SECONDS,
      now,
      tokensFrom: environment.TOKENS_FROM,
    },
  );
  return { access_token: token, token_type: tokenTypeOf(proof), expires_in: expiresIn, scope: scopes.join(" ") };
}

/** Updated outside of the operation's change, because the token carries the version that the update returns. */
async function versionOfNewToken(
  table: Table,
  { id, state }: AuthenticatedClient,
  issue: { readonly isBound: boolean; readonly now: Date },
): Promise<number> {
  return state.tokenPolicy === "many" ? state.version : (await table.update(nextTokenVersion(id, issue))).version;
}
