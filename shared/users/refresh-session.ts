/** The grant `refresh_token` (RFC 6749 §6): continues a user's session with its next refresh token. */
import { OAuthError } from "../contract/oauth-error.ts";
import type { TokenAnswer, TokenRequest } from "../identity/contract.ts";
import { issueSessionTokens, type SessionTokens } from "../identity/open-session.ts";
import { endSession, findSession, sessionContinuation } from "../identity/session-store.ts";
import { continueSession, isAlive, parseRefreshToken, refreshTokenState, successorOf } from "../identity/sessions.ts";
import { findUserState } from "../identity/store.ts";
import { readPublicClient, refuseScope } from "../identity/token-requests.ts";
import type { Environment } from "../runtime/environment.ts";
import type { SecurityEvent } from "../runtime/log.ts";
import type { Secrets } from "../runtime/secrets.ts";
import type { Change, Table } from "../runtime/table.ts";

/** What the grants of users' sessions need. */
export interface GrantContext {
  readonly table: Table;
  readonly secrets: Secrets;
  readonly environment: Environment;
  readonly now: Date;
}

/** The decision on a grant: tokens or a refusal, the change, and the security events of either. */
export interface GrantOutcome {
  readonly body?: TokenAnswer;
  readonly refusal?: OAuthError;
  readonly change?: Change;
  readonly securityEvents?: readonly { readonly event: SecurityEvent; readonly principalId?: string }[];
}

/**
 * Exchanges a refresh token for the next one. A spent token ends the session, unless its owner may have lost the answer a
 * moment ago.
 *
 * @throws OAuthError `invalid_client`, `invalid_request`, `invalid_grant`
 */
export async function refreshSession(
  body: TokenRequest,
  authorization: string | undefined,
  context: GrantContext,
): Promise<GrantOutcome> {
  const { table, secrets, environment, now } = context;
  const clientId = readPublicClient(authorization, body, environment);
  if (body.refresh_token === undefined) throw new OAuthError("invalid_request", "refresh_token is required");
  refuseScope(body.scope);
  const presented = parseRefreshToken(body.refresh_token);
  if (presented === undefined) throw invalidGrant();

  const [key, session, state] = await Promise.all([
    secrets.read("refreshTokenKey"),
    findSession(table, presented.userId, presented.sessionId),
    findUserState(table, presented.userId),
  ]);
  if (session === undefined || state === undefined || !isAlive(session, state)) throw invalidGrant();
  if (session.clientId !== clientId) throw invalidGrant();
  switch (refreshTokenState(presented, session, key, now)) {
    case "reused":
      return {
        refusal: invalidGrant(),
        change: endSession(session, state, environment.USER_TOKEN_SECONDS, now),
        securityEvents: [{ event: "refresh_token_reused", principalId: session.userId }],
      };
    case "current": {
      const next = successorOf(presented, key);
      const continuation = sessionContinuation(session, continueSession(session, next, state.version, now));
      return { body: tokenAnswer(await issueSessionTokens(next, session, state, context)), change: [continuation] };
    }
    case "just_spent": {
      const successor = successorOf(presented, key);
      return { body: tokenAnswer(await issueSessionTokens(successor, session, state, context)) };
    }
    default:
      throw invalidGrant();
  }
}

/** The answer that carries a session's tokens. */
export function tokenAnswer({ accessToken, refreshToken, expiresIn }: SessionTokens): TokenAnswer {
  return { access_token: accessToken, token_type: "Bearer", expires_in: expiresIn, refresh_token: refreshToken };
}

function invalidGrant(): OAuthError {
  return new OAuthError("invalid_grant", "The refresh token is invalid, expired, spent or revoked");
}
