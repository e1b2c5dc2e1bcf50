/**
 * Sessions of users and their refresh tokens (RFC 6749 §6, RFC 9700 §4.14): opaque, single use, stored as hashes.
 *
 * Each token of a session is derived from its predecessor with a key that is not in the table. Therefore a client that lost
 * an answer can get the successor of its spent token again, although no token is stored. A token that was spent long ago also
 * differs from a forged one: repeated derivation from it ends at the current token.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { administrators, type Role } from "../domain/access.ts";
import { isUlid, timeOf } from "../domain/ids.ts";
import type { Environment } from "../runtime/environment.ts";
import { graceMs, refreshTokenSeconds, type Session, type UserState } from "./model.ts";

/** A refresh token's parts. As text: `<user>.<session>.<generation>.<secret>`, ids without their prefixes. */
export interface RefreshToken {
  readonly userId: string;
  readonly sessionId: string;
  /** Counts the tokens of a session, from 1. */
  readonly generation: number;
  /** 256 bits of base64url. */
  readonly secret: string;
}

export function newRefreshToken(userId: string, sessionId: string): RefreshToken {
  return { userId, sessionId, generation: 1, secret: randomBytes(32).toString("base64url") };
}

/** @param key the secret `refreshTokenKey` */
export function successorOf(token: RefreshToken, key: string): RefreshToken {
  const { userId, sessionId, generation, secret } = token;
  const next = createHmac("sha256", key)
    .update(`${sessionId}.${generation + 1}.${secret}`)
    .digest("base64url");
  return { userId, sessionId, generation: generation + 1, secret: next };
}

/** The hash of a token that is stored. */
export function hashRefreshToken({ secret }: RefreshToken): string {
  return createHash("sha256").update(secret).digest("base64url");
}

export function formatRefreshToken({ userId, sessionId, generation, secret }: RefreshToken): string {
  return [userId.slice(4), sessionId.slice(4), generation, secret].join(".");
}

/** Parses a refresh token; undefined for any other text. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  const [, user = "", session = "", generation = "", secret = ""] =
    /^([^.]{26})\.([^.]{26})\.([1-9]\d{0,5})\.([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  if (!isUlid(user) || !isUlid(session)) return undefined;
  return { userId: `usr_${user}`, sessionId: `ses_${session}`, generation: Number(generation), secret };
}

/** The state of a presented refresh token in its session. */
export type RefreshTokenState =
  | "current"
  /** Spent within the grace period, its successor still unused: the client may have lost the answer. */
  | "just_spent"
  /** Spent earlier: somebody else may hold its successor. */
  | "reused"
  | "forged"
  | "expired";

/** @param key the secret `refreshTokenKey` */
export function refreshTokenState(token: RefreshToken, session: Session, key: string, now: Date): RefreshTokenState {
  const steps = session.generation - token.generation;
  if (steps < 0) return "forged";
  let latest = token;
  for (let step = 0; step < steps; step++) latest = successorOf(latest, key);
  if (hashRefreshToken(latest) !== session.tokenHash) return "forged";
  if (session.expiresAt <= now.toISOString()) return "expired";
  if (steps === 0) return "current";
  const spentMs = now.getTime() - Date.parse(session.issuedAt);
  return steps === 1 && spentMs <= graceMs ? "just_spent" : "reused";
}

/** A session as earlier releases kept it. */
export type EarlierSession = Omit<Session, "createdAt" | "authenticatedAt"> & Partial<Session>;

/**
 * A session with the time of its start. Earlier releases did not keep it, but the session's id has it, and they did not know
 * of an earlier sign-in. The release after every stage has run the migration `session-start` can read sessions as they are.
 */
export function withStart(session: EarlierSession): Session {
  const { createdAt = timeOf(session.sessionId).toISOString(), authenticatedAt = createdAt } = session;
  return { ...session, createdAt, authenticatedAt };
}

/** What a session begins with, besides its first refresh token. */
export interface SessionStart extends Required<Pick<Session, "clientId" | "signInMethod" | "version">> {
  /** When the person signed in at the identity provider; default: now. */
  readonly authenticatedAt?: Date | undefined;
  readonly amr?: Session["amr"] | undefined;
  readonly maxAgeSeconds: number;
}

export function beginSession(token: RefreshToken, start: SessionStart, now: Date): Session {
  const { clientId, signInMethod, version, authenticatedAt = now, amr, maxAgeSeconds } = start;
  const createdAt = now.toISOString();
  return {
    userId: token.userId,
    sessionId: token.sessionId,
    clientId,
    signInMethod,
    createdAt,
    authenticatedAt: (authenticatedAt < now ? authenticatedAt : now).toISOString(),
    ...(amr && { amr }),
    version,
    ...currentToken(token, endOfSession({ createdAt }, maxAgeSeconds), now),
  };
}

/** What changes in a session when its current token is exchanged for the next one. */
export interface SessionUse extends Pick<Session, "version" | "spentFrom"> {
  readonly maxAgeSeconds: number;
}

/** The session after its current token was exchanged for the next one. */
export function continueSession(session: Session, next: RefreshToken, use: SessionUse, now: Date): Session {
  const { version, spentFrom, maxAgeSeconds } = use;
  return { ...session, ...currentToken(next, endOfSession(session, maxAgeSeconds), now), version, spentFrom };
}

/** The maximum age of a session of a user with this role. */
export function maxSessionSeconds(
  role: Role,
  limits: Pick<Environment, "ADMINISTRATOR_SESSION_SECONDS" | "SESSION_SECONDS">,
): number {
  return administrators.includes(role) ? limits.ADMINISTRATOR_SESSION_SECONDS : limits.SESSION_SECONDS;
}

/** When a session reaches its maximum age. */
export function endOfSession({ createdAt }: Pick<Session, "createdAt">, maxAgeSeconds: number): Date {
  return new Date(Date.parse(createdAt) + maxAgeSeconds * 1000);
}

/** When a session ends unless it is refreshed. @param maxAgeSeconds by the user's role now, which may have changed since */
export function expiryOf(session: Session, maxAgeSeconds: number): Date {
  const end = endOfSession(session, maxAgeSeconds);
  const tokenExpiry = new Date(session.expiresAt);
  return tokenExpiry < end ? tokenExpiry : end;
}

function currentToken(
  token: RefreshToken,
  end: Date,
  now: Date,
): Pick<Session, "generation" | "tokenHash" | "issuedAt" | "expiresAt"> {
  const expiresAt = Math.min(now.getTime() + refreshTokenSeconds * 1000, end.getTime());
  return {
    generation: token.generation,
    tokenHash: hashRefreshToken(token),
    issuedAt: now.toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
  };
}

/**
 * A keyed hash of the network that a session is used from. Without the key, a table that leaked would tell the addresses: there
 * are few enough to try them all.
 *
 * @param key the secret `refreshTokenKey`
 */
export function hashNetwork(sessionId: string, network: string, key: string): string {
  return createHmac("sha256", key).update(`network ${sessionId} ${network}`).digest("base64url");
}

/** Whether the current refresh token of a session was issued before the cut-off of the stage, in seconds of the epoch. */
export function isCutOff({ issuedAt }: Session, tokensFrom: number | undefined): boolean {
  return tokensFrom !== undefined && Date.parse(issuedAt) < tokensFrom * 1000;
}

/** Whether a session is alive by the state of its user. */
export function isAlive(session: Session, state: UserState): boolean {
  return (
    state.status === "active" &&
    (session.version >= state.sessionsFrom || state.keptSession === session.sessionId) &&
    state.endedSessions?.[session.sessionId] === undefined
  );
}
