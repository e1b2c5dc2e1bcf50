/**
 * Sessions of people and their refresh tokens (RFC 6749 §6, RFC 9700 §4.14): opaque, single use, kept as hashes only.
 *
 * Each token of a session is derived from the one before with a key that is not in the table. So the successor of a spent
 * token can be given again to a client that lost the answer without having been stored; and a token that was spent long ago
 * can be told from a forged one: deriving onwards from it ends at the present token.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { isUlid } from "../domain/ids.ts";

/** A refresh token's parts. As text: `<user>.<session>.<generation>.<secret>`, ids without their prefixes. */
export interface RefreshToken {
  readonly userId: string;
  readonly sessionId: string;
  /** Counts the tokens of a session, from 1. */
  readonly generation: number;
  /** 256 bits of base64url. */
  readonly secret: string;
}

/** A session as it is kept. */
export interface Session {
  readonly userId: string;
  /** `ses_…`, the claim `sid` of its access tokens. */
  readonly sessionId: string;
  /** The public client that signed the user in. */
  readonly clientId: string;
  readonly generation: number;
  /** Of the present token's secret. */
  readonly tokenHash: string;
  /** When the present token was issued, RFC 3339. */
  readonly issuedAt: string;
  /** When the present token expires, RFC 3339. */
  readonly expiresAt: string;
  /** The principal's token version when the session began or was last used: see `sessionsFrom`. */
  readonly version: number;
}

/** How long a refresh token lives; a new one begins anew. */
export const refreshTokenSeconds = 7 * 24 * 60 * 60;

/** How long a spent token still gets its successor, for a client that lost the answer. */
export const graceMs = 10_000;

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

/** What is kept of a token. */
export function hashRefreshToken({ secret }: RefreshToken): string {
  return createHash("sha256").update(secret).digest("base64url");
}

export function formatRefreshToken({ userId, sessionId, generation, secret }: RefreshToken): string {
  return [userId.slice(4), sessionId.slice(4), generation, secret].join(".");
}

/** The token that a text is; undefined for a text of another form. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  const [, user = "", session = "", generation = "", secret = ""] =
    /^([^.]{26})\.([^.]{26})\.([1-9]\d{0,5})\.([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  if (!isUlid(user) || !isUlid(session)) return undefined;
  return { userId: `usr_${user}`, sessionId: `ses_${session}`, generation: Number(generation), secret };
}

/** What a presented token is to its session. */
export type RefreshTokenState =
  | "current"
  /** Spent a moment ago and its successor not used yet: the client may have lost the answer. */
  | "just_spent"
  /** Spent, and somebody else has its successor. */
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
  return { userId, sessionId, clientId, ...presentToken(token, now), version };
}

/** The session after its token was exchanged for the next one. */
export function continueSession(session: Session, next: RefreshToken, version: number, now: Date): Session {
  return { ...session, ...presentToken(next, now), version };
}

function presentToken(
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
