/**
 * One-time links with which people set a password. The token names the person and has 256 random bits; the table keeps its
 * HMAC-SHA-256 with a key that is not in the table, so nobody can use what is read there.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { isUlid } from "../domain/ids.ts";
import { passwordLinkSeconds, type PasswordLink, type UserState } from "./model.ts";

/** A new token: `<user id without its prefix>.<secret>`. */
export function newLinkToken(userId: string): string {
  return `${userId.slice(4)}.${randomBytes(32).toString("base64url")}`;
}

/** The person that a token names; undefined for any other text. */
export function userOfLinkToken(token: string): string | undefined {
  const [, user = ""] = /^([^.]{26})\.[A-Za-z0-9_-]{43}$/.exec(token) ?? [];
  return isUlid(user) ? `usr_${user}` : undefined;
}

/** @param hashingKey the secret `clientSecretKey`. The prefix has a blank, as no client secret does, so no hash fits both. */
export function hashLinkToken(token: string, hashingKey: string): string {
  return createHmac("sha256", hashingKey).update(`password link ${token}`).digest("base64url");
}

/** A new link for a person with this role. */
export function passwordLink(tokenHash: string, role: PasswordLink["role"], now: Date): PasswordLink {
  return { tokenHash, role, expiresAt: new Date(now.getTime() + passwordLinkSeconds * 1000).toISOString() };
}

/** Whether a link lets its person set a password now. Compares in constant time. */
export function acceptsLink(
  link: PasswordLink | undefined,
  state: UserState | undefined,
  presentedHash: string,
  now: Date,
): boolean {
  if (link === undefined || state === undefined) return false;
  const isRight = timingSafeEqual(Buffer.from(link.tokenHash), Buffer.from(presentedHash));
  return isRight && link.expiresAt > now.toISOString() && state.status === "active" && state.role === link.role;
}
