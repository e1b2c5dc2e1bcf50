/** What a partner may do with a token that it holds: end it (RFC 7009), or ask what it says (RFC 7662). */
import { OAuthError } from "../contract/oauth-error.ts";
import type { VerifiedToken } from "../identity/access-tokens.ts";
import { inspectToken, verificationOf } from "../identity/authenticate.ts";
import type { Introspection, PresentedToken } from "../oauth/contract.ts";
import { tokenRevocation } from "../identity/store.ts";
import { readClientCredentials } from "../identity/token-requests.ts";
import type { Change } from "../runtime/table.ts";
import { authenticateClient, type ClientContext } from "./authenticate-client.ts";

/**
 * The change that ends the partner's access tokens, if the presented one is among them. Under the policy `many` one ends all.
 *
 * @throws OAuthError `invalid_client`, `invalid_request`
 */
export async function revokePartnerToken(
  body: PresentedToken,
  authorization: string | undefined,
  context: ClientContext,
): Promise<Change> {
  const own = await inspectOwnToken(body, authorization, context);
  return own === undefined ? [] : [tokenRevocation(own.principal.id)];
}

/** @throws OAuthError `invalid_client`, `invalid_request` */
export async function introspectPartnerToken(
  body: PresentedToken,
  authorization: string | undefined,
  context: ClientContext,
): Promise<Introspection> {
  const own = await inspectOwnToken(body, authorization, context);
  if (own === undefined) return { active: false };
  const { claims, principal } = own;
  return {
    active: true,
    scope: principal.kind === "partner" ? principal.scopes.join(" ") : "",
    client_id: principal.id,
    token_type: "Bearer",
    exp: claims.exp,
    iat: claims.iat,
    sub: principal.id,
    aud: String(claims.aud),
    iss: claims.iss,
    jti: principal.tokenId,
  };
}

/** The presented token, if it counts and is the partner's own: of others' nothing is told. */
async function inspectOwnToken(
  body: PresentedToken,
  authorization: string | undefined,
  context: ClientContext,
): Promise<VerifiedToken | undefined> {
  const client = await authenticateClient(readClientCredentials(authorization, body), context);
  if (body.token === undefined) throw new OAuthError("invalid_request", "token is required");
  const inspected = await inspectToken(body.token, context.table, verificationOf(context.environment));
  if (typeof inspected === "string" || inspected.principal.id !== client.id) return undefined;
  return inspected;
}
