/** Revocation by a public client (RFC 7009): ends a user's session by its refresh token, spent or not, or its access token. */
import { OAuthError } from "../contract/oauth-error.ts";
import { inspectToken, verificationOf } from "../identity/authenticate.ts";
import type { PresentedToken } from "../identity/contract.ts";
import type { Session } from "../identity/model.ts";
import { endSession, findSession } from "../identity/session-store.ts";
import { parseRefreshToken, refreshTokenState } from "../identity/sessions.ts";
import { findUserState } from "../identity/store.ts";
import { readPublicClient } from "../identity/token-requests.ts";
import type { Change } from "../runtime/table.ts";
import type { GrantContext } from "./refresh-session.ts";

/**
 * The change that ends the session; empty for a token that is unknown or belongs to another client.
 *
 * @throws OAuthError `invalid_client`, `invalid_request`
 */
export async function revokeSession(
  body: PresentedToken,
  authorization: string | undefined,
  context: GrantContext,
): Promise<Change> {
  const { table, environment, now } = context;
  const clientId = readPublicClient(authorization, body, environment);
  if (body.token === undefined) throw new OAuthError("invalid_request", "token is required");
  const session = await sessionOf(body.token, context);
  if (session?.clientId !== clientId) return [];
  const state = await findUserState(table, session.userId);
  return state === undefined ? [] : endSession(session, state, environment.USER_TOKEN_SECONDS, now);
}

async function sessionOf(
  token: string,
  { table, secrets, environment, now }: GrantContext,
): Promise<Session | undefined> {
  const refreshToken = parseRefreshToken(token);
  if (refreshToken !== undefined) {
    const session = await findSession(table, refreshToken.userId, refreshToken.sessionId);
    const forged =
      session && refreshTokenState(refreshToken, session, await secrets.read("refreshTokenKey"), now) === "forged";
    return forged ? undefined : session;
  }
  const inspected = await inspectToken(token, table, verificationOf(environment));
  if (typeof inspected === "string") return undefined;
  const { principal } = inspected;
  return principal.kind === "user" ? await findSession(table, principal.id, principal.sessionId) : undefined;
}
