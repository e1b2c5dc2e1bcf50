/** The grant `refresh_token` (RFC 6749 §6): continues a user's session with its next refresh token. */
import { OAuthError } from "../contract/oauth-error.ts";
import { loggedNetworkOf, networkOf } from "../domain/network.ts";
import type { TokenAnswer, TokenRequest } from "../identity/contract.ts";
import type { Proof } from "../identity/dpop.ts";
import type { Session } from "../identity/model.ts";
import { issueSessionTokens, type SessionTokens } from "../identity/open-session.ts";
import { endSession, findSession, sessionContinuation } from "../identity/session-store.ts";
import {
  continueSession,
  endOfSession,
  hashNetwork,
  isAlive,
  isCutOff,
  maxSessionSeconds,
  parseRefreshToken,
  refreshTokenState,
  successorOf,
} from "../identity/sessions.ts";
import { findUserState } from "../identity/store.ts";
import { tokenProofUse, tokenTypeOf } from "../identity/token-proof.ts";
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
  /** The caller's network address. */
  readonly sourceIp: string;
  /** Whether the stage is read-only. */
  readonly isReadOnly: boolean;
}

interface GrantEvent {
  readonly event: SecurityEvent;
  readonly principalId?: string;
  readonly network?: string;
}

/** The decision on a grant: tokens or a refusal, the change, and the security events of either. */
export interface GrantOutcome {
  readonly body?: TokenAnswer;
  readonly refusal?: OAuthError;
  readonly change?: Change;
  readonly securityEvents?: readonly GrantEvent[];
}

/**
 * Exchanges a refresh token for the next one. A spent token ends the session, unless its owner may have lost the answer a
 * moment ago.
 *
 * @param proof binds the tokens to its key; required for a session that is bound to it already
 * @throws OAuthError `invalid_client`, `invalid_request`, `invalid_grant`
 */
export async function refreshSession(
  body: TokenRequest,
  authorization: string | undefined,
  context: GrantContext,
  proof: Proof | undefined,
): Promise<GrantOutcome> {
  const { table, secrets, environment, now, sourceIp } = context;
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
  if (session.clientId !== clientId || isCutOff(session, environment.TOKENS_FROM)) throw invalidGrant();
  // Before anything else is decided: without the key, nobody ends the session with a spent token.
  if (session.thumbprint !== undefined && session.thumbprint !== proof?.thumbprint) throw invalidGrant();
  const maxAgeSeconds = maxSessionSeconds(state.role, environment);
  if (endOfSession(session, maxAgeSeconds) <= now) throw invalidGrant();
  const spentFrom = hashNetwork(session.sessionId, networkOf(sourceIp), key);
  const issuance = { secrets, environment, now, thumbprint: proof?.thumbprint };
  const used = proof === undefined ? [] : [tokenProofUse(proof)];
  switch (refreshTokenState(presented, session, key, now)) {
    case "reused":
      return {
        refusal: invalidGrant(),
        change: endSession(session, state, environment.USER_TOKEN_SECONDS, now),
        securityEvents: [{ event: "refresh_token_reused", principalId: session.userId }],
      };
    case "current": {
      const next = successorOf(presented, key);
      const use = { version: state.version, spentFrom, maxAgeSeconds };
      const continued = continueSession(session, next, use, now);
      // The first proof binds a session of bearer tokens for the rest of its life.
      const continuation = sessionContinuation(session, { ...continued, thumbprint: proof?.thumbprint });
      const tokens = await issueSessionTokens(next, session, state, issuance);
      return { body: tokenAnswer(tokens, proof), change: [continuation, ...used] };
    }
    case "just_spent": {
      // A client that lost the answer repeats its request, with a proof of the same key or without one again.
      if (session.thumbprint !== proof?.thumbprint) throw invalidGrant();
      const tokens = await issueSessionTokens(successorOf(presented, key), session, state, issuance);
      return {
        body: tokenAnswer(tokens, proof),
        change: used,
        securityEvents: session.spentFrom === spentFrom ? [] : [repeatedElsewhere(session, sourceIp)],
      };
    }
    default:
      throw invalidGrant();
  }
}

/** A client that lost the answer repeats its refresh from its own network; somebody with a copy of the token may not. */
function repeatedElsewhere({ userId }: Session, sourceIp: string): GrantEvent {
  return { event: "refresh_token_repeated", principalId: userId, network: loggedNetworkOf(sourceIp) };
}

/** The answer that carries a session's tokens. */
export function tokenAnswer(
  { accessToken, refreshToken, expiresIn }: SessionTokens,
  proof: Proof | undefined,
): TokenAnswer {
  return {
    access_token: accessToken,
    token_type: tokenTypeOf(proof),
    expires_in: expiresIn,
    refresh_token: refreshToken,
  };
}

function invalidGrant(): OAuthError {
  return new OAuthError("invalid_grant", "The refresh token is invalid, expired, spent or revoked");
}
