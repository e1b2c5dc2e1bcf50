/** Answers a partner's question about one of its own access tokens (RFC 7662). */
import { OAuthError } from "../contract/oauth-error.ts";
import type { VerifiedToken } from "../identity/access-tokens.ts";
import { inspectToken, verificationOf } from "../identity/authenticate.ts";
import type { Introspection, PresentedToken } from "../identity/contract.ts";
import { readClientCredentials } from "../identity/token-requests.ts";
import { authenticateClient, type ClientContext } from "./authenticate-client.ts";

/** @throws OAuthError `invalid_client`, `invalid_request` */
export async function introspectPartnerToken(
  body: PresentedToken,
  authorization: string | undefined,
  context: ClientContext,
): Promise<Introspection> {
  const own = await inspectOwnToken(body, authorization, context);
  if (own === undefined) return { active: false };
  const { claims, principal, thumbprint } = own;
  return {
    active: true,
    scope: principal.kind === "partner" ? principal.scopes.join(" ") : "",
    client_id: principal.id,
    token_type: thumbprint === undefined ? "Bearer" : "DPoP",
    exp: claims.exp,
    iat: claims.iat,
    sub: principal.id,
    aud: String(claims.aud),
    iss: claims.iss,
    jti: principal.tokenId,
    ...(thumbprint !== undefined && { cnf: { jkt: thumbprint } }),
  };
}

/**
 * The token if it is active and belongs to this partner; otherwise nothing is disclosed.
 *
 * @throws OAuthError `invalid_client`, `invalid_request`
 */
export async function inspectOwnToken(
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
