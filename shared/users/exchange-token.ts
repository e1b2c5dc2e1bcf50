/** The grants by which people's sessions begin and go on: token exchange (RFC 8693) and refreshing (RFC 6749 §6). */
import type { Environment } from "../runtime/environment.ts";
import { logSecurityEvent } from "../runtime/log.ts";
import { OAuthError } from "../contract/oauth-error.ts";
import type { TokenAnswer, TokenRequest } from "../oauth/contract.ts";
import { verifyExternalToken, type ExternalIdentity } from "../identity/external-identity.ts";
import { findSession, isAlive, sessionContinuation, endSession } from "../identity/session-store.ts";
import { issueSessionTokens, openSession, type SessionTokens } from "../identity/open-session.ts";
import { continueSession, parseRefreshToken, refreshTokenState, successorOf } from "../identity/sessions.ts";
import { findUserState } from "../identity/store.ts";
import { readPublicClient, refuseScope } from "../identity/token-requests.ts";
import { newId } from "../domain/ids.ts";
import type { Secrets } from "../runtime/secrets.ts";
import type { Change, Table } from "../runtime/table.ts";
import { createUser } from "./rules.ts";
import { externalUserCreation, findExternalUserId } from "./store.ts";

export interface GrantContext {
  readonly table: Table;
  readonly secrets: Secrets;
  readonly environment: Environment;
  readonly now: Date;
  readonly requestId: string;
}

/** What a grant decided: the answer, and the change that it comes true with. */
export interface GrantOutcome {
  readonly body: TokenAnswer;
  readonly change: Change;
}

/**
 * Continues a session with its next refresh token. A spent token ends the session, unless its owner may just have lost the
 * answer.
 *
 * @throws OAuthError `invalid_client`, `invalid_request`, `invalid_grant`
 */
export async function refreshGrant(
  body: TokenRequest,
  authorization: string | undefined,
  context: GrantContext,
): Promise<GrantOutcome> {
  const { table, secrets, environment, now, requestId } = context;
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
  const standing = refreshTokenState(presented, session, key, now);
  if (standing === "reused") {
    logSecurityEvent("refresh_token_reused", { requestId, principalId: session.userId });
    await table.commit(endSession(session.userId, session.sessionId, state, environment.USER_TOKEN_SECONDS, now));
  }
  if (standing !== "current" && standing !== "just_spent") throw invalidGrant();

  const next = successorOf(presented, key);
  const tokens = await issueSessionTokens(next, clientId, state, context);
  const change =
    standing === "current" ? [sessionContinuation(session, continueSession(session, next, state.version, now))] : [];
  return { body: tokenAnswer(tokens), change };
}

const acceptedSubjectTypes = ["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"];
const issuedType = "urn:ietf:params:oauth:token-type:access_token";

/**
 * Turns the external provider's JWT into a session. The first one for a subject creates its user, also when several come at
 * once.
 *
 * @throws OAuthError `invalid_client`, `invalid_request` (also for a token that is refused, RFC 8693 §2.2.2)
 */
export async function tokenExchangeGrant(
  body: TokenRequest,
  authorization: string | undefined,
  context: GrantContext,
): Promise<GrantOutcome> {
  const { table, environment, now, requestId } = context;
  const clientId = readPublicClient(authorization, body, environment);
  const subjectToken = readExchange(body);
  const identity = await verifyExternalToken(subjectToken, environment);
  if (identity === undefined) {
    logSecurityEvent("external_token_refused", { requestId });
    throw new OAuthError("invalid_request", "The subject_token is not a valid token of the identity provider");
  }
  const userId = await findExternalUserId(table, identity);
  const { user, creation } = userId === undefined ? newExternalUser(identity, now) : { user: undefined, creation: [] };
  const state = user === undefined ? await findUserState(table, userId ?? "") : firstState(user.role);
  if (state?.status !== "active") throw new OAuthError("invalid_request", "The subject may not sign in");
  const { tokens, creation: session } = await openSession(user?.id ?? userId ?? "", clientId, state, context);
  return { body: { ...tokenAnswer(tokens), issued_token_type: issuedType }, change: [...creation, session] };
}

/** @throws OAuthError `invalid_request`, `invalid_scope` */
function readExchange(body: TokenRequest): string {
  const {
    subject_token: subjectToken,
    subject_token_type: type,
    requested_token_type: requested,
    actor_token: actor,
  } = body;
  if (subjectToken === undefined) throw new OAuthError("invalid_request", "subject_token is required");
  if (type === undefined || !acceptedSubjectTypes.includes(type)) {
    throw new OAuthError("invalid_request", `subject_token_type is one of ${acceptedSubjectTypes.join(", ")}`);
  }
  if (requested !== undefined && requested !== issuedType) {
    throw new OAuthError("invalid_request", `requested_token_type can only be ${issuedType}`);
  }
  if (actor !== undefined) throw new OAuthError("invalid_request", "Nobody acts for another here: send no actor_token");
  refuseScope(body.scope);
  return subjectToken;
}

/** Its username is made up: the provider's names are not unique here. */
function newExternalUser(identity: ExternalIdentity, now: Date) {
  const username = `ext-${newId("", now).toLowerCase()}`;
  const user = createUser({ username, name: shownName(identity.name) ?? username }, now);
  return { user, creation: externalUserCreation(user, identity) };
}

function shownName(name: string | undefined): string | undefined {
  const trimmed =
    name
      ?.toWellFormed()
      .replaceAll(/\p{Cc}/gu, " ")
      .trim() ?? "";
  return trimmed === "" ? undefined : Array.from(trimmed).slice(0, 80).join("");
}

function firstState(role: "user" | "admin" | "root") {
  return { kind: "user", status: "active", role, version: 1, sessionsFrom: 1 } as const;
}

function tokenAnswer({ accessToken, refreshToken, expiresIn }: SessionTokens): TokenAnswer {
  return { access_token: accessToken, token_type: "Bearer", expires_in: expiresIn, refresh_token: refreshToken };
}

function invalidGrant(): OAuthError {
  return new OAuthError("invalid_grant", "The refresh token is invalid, expired, spent or revoked");
}
