/** Opens sessions and issues their two tokens, for sign-in, refresh and token exchange. */
import type { Environment } from "../runtime/environment.ts";
import { newId } from "../domain/ids.ts";
import type { Secrets } from "../runtime/secrets.ts";
import type { Write } from "../runtime/table.ts";
import { issueAccessToken } from "./access-tokens.ts";
import type { Session, UserState } from "./model.ts";
import { beginSession, formatRefreshToken, newRefreshToken, type RefreshToken } from "./sessions.ts";
import { sessionCreation } from "./session-store.ts";
import { currentSigningKey } from "./signing-keys.ts";

/** What issuing tokens needs. */
export interface Issuance {
  readonly secrets: Secrets;
  readonly environment: Environment;
  readonly now: Date;
}

export interface SessionTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds; undefined for an access token that never expires. */
  readonly expiresIn: number | undefined;
}

/** What the tokens of a session say about its sign-in. */
export type SignInFacts = Pick<Session, "clientId" | "amr">;

/** The tokens of a session with this current refresh token. */
export async function issueSessionTokens(
  refreshToken: RefreshToken,
  { clientId, amr }: SignInFacts,
  { role, version }: UserState,
  { secrets, environment, now }: Issuance,
): Promise<SessionTokens> {
  const { userId, sessionId } = refreshToken;
  const { token, expiresIn } = await issueAccessToken(
    { principal: { kind: "user", id: userId, role, sessionId, amr }, clientId, version },
    await currentSigningKey(secrets),
    { issuer: environment.PUBLIC_URL, lifetimeSeconds: environment.USER_TOKEN_SECONDS, now },
  );
  return { accessToken: token, refreshToken: formatRefreshToken(refreshToken), expiresIn };
}

/** A new session with its tokens, and the write that creates it. */
export async function openSession(
  userId: string,
  facts: SignInFacts,
  state: UserState,
  issuance: Issuance,
): Promise<{ readonly tokens: SessionTokens; readonly creation: Write }> {
  const refreshToken = newRefreshToken(userId, newId("ses_", issuance.now));
  const session = { ...beginSession(refreshToken, facts.clientId, state.version, issuance.now), amr: facts.amr };
  return {
    tokens: await issueSessionTokens(refreshToken, facts, state, issuance),
    creation: sessionCreation(session),
  };
}
