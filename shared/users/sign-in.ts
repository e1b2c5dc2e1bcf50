/** A person proves who it is with its password. */
import { log } from "../api/log.ts";
import { signInLimit } from "../identity/attempts.ts";
import { verifyPassword } from "../identity/passwords.ts";
import { findPasswordHash, findPrincipal, settleAttempt, takeAttemptOf } from "../identity/store.ts";
import type { Table } from "../table/table.ts";
import { findUser, findUserId, type StoredUser } from "./store.ts";

export interface SignedIn {
  readonly user: StoredUser;
  /** The token version that a token of this session carries. */
  readonly version: number;
}

/**
 * The user whose name and password these are; undefined alike for an unknown name, a wrong password and a user that is not
 * active, after the same work.
 *
 * @throws Problem `too_many_attempts` after ten failures in a quarter of an hour for the name
 * @throws Stale while other attempts for the name are being checked
 */
export async function signIn(
  table: Table,
  { username, password }: { readonly username: string; readonly password: string },
  { now, requestId }: { readonly now: Date; readonly requestId: string },
): Promise<SignedIn | undefined> {
  const name = username.toLowerCase();
  const [attempt, userId] = await Promise.all([
    takeAttemptOf(table, "sign-in", name, signInLimit, now),
    findUserId(table, name),
  ]);
  const [hash, state, user] =
    userId === undefined
      ? []
      : await Promise.all([findPasswordHash(table, userId), findPrincipal(table, userId), findUser(table, userId)]);
  const correct = await verifyPassword(password, hash);
  const signedIn =
    correct && user !== undefined && state?.status === "active" ? { user, version: state.version } : undefined;
  await settleAttempt(table, attempt, signedIn === undefined);
  if (signedIn === undefined) log("warn", "sign_in_failed", { requestId, principalId: userId });
  return signedIn;
}
