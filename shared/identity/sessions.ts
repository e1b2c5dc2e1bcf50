/**
 * Sessions of users and their refresh tokens (RFC 6749 §6, RFC 9700 §4.14): opaque, single use, stored as hashes.
 *
 * Each token of a session is derived from its predecessor with a key that is not in the table. Therefore a client that lost
 * an answer can get the successor of its spent token again, although no token is stored. A token that was spent long ago also
 * differs from a forged one: repeated derivation from it ends at the current token.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { isUlid } from "../domain/ids.ts";
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

export function beginSession(token: RefreshToken, clientId: string, version: number, now: Date): Session {
  const { userId, sessionId } = token;
  return { userId, sessionId, clientId, ...currentToken(token, now), version };
}

/** The session after its current token was exchanged for the next one. */
export function continueSession(session: Session, next: RefreshToken, version: number, now: Date): Session {
  return { ...session, ...currentToken(next, now), version };
}

function currentToken(
  token: RefreshToken,
  now: Date,
): Pick<Session, "generation" | "tokenHash" | "issuedAt" | "expiresAt"> {
  return {
    generation: token.generation,
    tokenHash: hashRefreshToken(token),
    issuedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + refreshTokenSeconds * 1000).toISOString(),
  };
}

/** Whether a session is alive by the state of its user. */
export function isAlive(session: Session, state: UserState): boolean {
  return (
    state.status === "active" &&
    (session.version >= state.sessionsFrom || state.keptSession === session.sessionId) &&
    state.endedSessions?.[session.sessionId] === undefined
  );
}
