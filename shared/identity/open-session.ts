/** Opens sessions and issues their two tokens, for sign-in, refresh and token exchange. */
import { newId } from "../domain/ids.ts";
import type { Environment } from "../runtime/environment.ts";
import type { Secrets } from "../runtime/secrets.ts";
import type { Change, Table } from "../runtime/table.ts";
import { issueAccessToken } from "./access-tokens.ts";
import type { Session, SignInMethod, UserState } from "./model.ts";
import {
  beginSession,
  endOfSession,
  formatRefreshToken,
  maxSessionSeconds,
  newRefreshToken,
  type RefreshToken,
} from "./sessions.ts";
import { listLiveSessions, sessionCreation, sessionOpening } from "./session-store.ts";
import { currentSigningKey } from "./signing-keys.ts";

/** What issuing tokens needs. */
export interface Issuance {
  readonly secrets: Secrets;
  readonly environment: Environment;
  readonly now: Date;
  /** The thumbprint of the key that the tokens are bound to; absent for bearer tokens. */
  readonly thumbprint?: string | undefined;
}

export interface SessionTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds; undefined for an access token that never expires. */
  readonly expiresIn: number | undefined;
}

/** The tokens of a session with this current refresh token. The access token does not outlive the session. */
export async function issueSessionTokens(
  refreshToken: RefreshToken,
  session: Pick<Session, "clientId" | "createdAt" | "authenticatedAt" | "amr">,
  { role, version }: Pick<UserState, "role" | "version">,
  { secrets, environment, now, thumbprint }: Issuance,
): Promise<SessionTokens> {
  const { userId, sessionId } = refreshToken;
  const end = endOfSession(session, maxSessionSeconds(role, environment));
  const secondsLeft = Math.max(1, Math.ceil((end.getTime() - now.getTime()) / 1000));
  const { USER_TOKEN_SECONDS: seconds } = environment;
  const { token, expiresIn } = await issueAccessToken(
    {
      principal: { kind: "user", id: userId, role, sessionId, amr: session.amr },
      clientId: session.clientId,
      authTime: Math.floor(Date.parse(session.authenticatedAt) / 1000),
      version,
      thumbprint,
    },
    await currentSigningKey(secrets),
    {
      issuer: environment.PUBLIC_URL,
      lifetimeSeconds: seconds === undefined ? undefined : Math.min(seconds, secondsLeft),
      now,
      tokensFrom: environment.TOKENS_FROM,
    },
  );
  return { accessToken: token, refreshToken: formatRefreshToken(refreshToken), expiresIn };
}

/** Who signs in, and how. */
export interface SignIn {
  readonly userId: string;
  readonly clientId: string;
  readonly signInMethod: SignInMethod;
  /** When the person signed in at the identity provider; default: now. */
  readonly authenticatedAt?: Date | undefined;
  /** How the person signed in; absent where that is not known. */
  readonly amr?: Session["amr"] | undefined;
  /** The user's role, and its token version before its credential was read. */
  readonly proven: Pick<UserState, "role" | "version">;
}

export interface OpenedSession {
  readonly tokens: SessionTokens;
  /** Creates the session, and ends those that were used least recently if there are too many. */
  readonly change: Change;
}

/**
 * A new session with its tokens.
 *
 * @param state as it is now; a change of it, or another opening, since it was read is an optimistic-concurrency conflict
 */
export async function openSession(
  table: Table,
  signIn: SignIn,
  state: UserState,
  issuance: Issuance,
): Promise<OpenedSession> {
  const { environment, now } = issuance;
  // Read after the state, whose count says whether a session was opened in between.
  const maxAgeSeconds = maxSessionSeconds(state.role, environment);
  const live = await listLiveSessions(table, signIn.userId, state, { maxAgeSeconds, now });
  const surplus = lastUsedFirst(live).slice(environment.MAX_SESSIONS - 1);
  const accessTokenSeconds = environment.USER_TOKEN_SECONDS;
  const opening = sessionOpening(signIn.userId, state, { surplus, accessTokenSeconds, now });
  // The opening itself may end all access tokens of the version that was proven.
  const version = signIn.proven.version === state.version ? opening.version : signIn.proven.version;
  const { tokens, session } = await newSession({ ...signIn, proven: { ...signIn.proven, version } }, issuance);
  return { tokens, change: [sessionCreation(session), ...opening.change] };
}

/** The first session of a user that is created together with it. */
export async function openFirstSession(signIn: SignIn, issuance: Issuance): Promise<OpenedSession> {
  const { tokens, session } = await newSession(signIn, issuance);
  return { tokens, change: [sessionCreation(session)] };
}

function lastUsedFirst(sessions: readonly Session[]): readonly Session[] {
  const lastUse = ({ issuedAt, sessionId }: Session) => `${issuedAt} ${sessionId}`;
  return sessions.toSorted((a, b) => (lastUse(a) < lastUse(b) ? 1 : -1));
}

async function newSession(
  { userId, proven, ...start }: SignIn,
  issuance: Issuance,
): Promise<{ readonly tokens: SessionTokens; readonly session: Session }> {
  const { environment, now } = issuance;
  const refreshToken = newRefreshToken(userId, newId("ses_", now));
  const maxAgeSeconds = maxSessionSeconds(proven.role, environment);
  const session = {
    ...beginSession(refreshToken, { ...start, version: proven.version, maxAgeSeconds }, now),
    thumbprint: issuance.thumbprint,
  };
  return { tokens: await issueSessionTokens(refreshToken, session, proven, issuance), session };
}
