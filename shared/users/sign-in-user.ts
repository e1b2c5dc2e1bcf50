/** Signs a user in with username and password. */
import { guessLimit, signInBudget, type UserState } from "../identity/model.ts";
import { limitAttempts } from "../identity/limit-attempts.ts";
import { hashPassword, isOutdatedHash, verifyPassword } from "../identity/passwords.ts";
import { attemptsRemoval, findPasswordHash, findUserState, passwordReplacement } from "../identity/store.ts";
import { networkOf } from "../domain/network.ts";
import { log } from "../runtime/log.ts";
import type { Change, Table } from "../runtime/table.ts";
import { normalizeUsername, type StoredUser } from "./model.ts";
import { findUser, findUserId } from "./store.ts";

export interface SignedIn {
  readonly user: StoredUser;
  readonly state: UserState;
  /** Stores a new hash of the password if the parameters of the hash function have changed since it was set. */
  readonly rehash: Change;
}

/** An id that no user has. */
const nobody = "usr_00000000000000000000000000";

export interface SignInContext {
  readonly now: Date;
  readonly requestId: string;
  /** The caller's network address. */
  readonly sourceIp: string;
}

const signInAttempts = (username: string) => ({ kind: "sign-in", name: normalizeUsername(username) });

/** Apart from those at sign-in: whoever locks a name there must not keep its owner from changing the password. */
const passwordAttempts = (userId: string) => ({ kind: "password", name: userId });

/** Ends a lockout at sign-in and at the change of the password. */
export function unlockSignIn({ id, username }: Pick<StoredUser, "id" | "username">): Change {
  return [signInAttempts(username), passwordAttempts(id)].map(({ kind, name }) => attemptsRemoval(kind, name));
}

/**
 * The user with this name and password. An unknown name, a wrong password and an inactive user give the same result after the
 * same work.
 *
 * @returns undefined if sign-in is refused
 * @throws Problem `too_many_attempts` when the failures of the name, or those of this source for it, are used up
 * @throws ConcurrencyConflict while other attempts for the name are being checked
 */
export async function signInUser(
  table: Table,
  { username, password }: { readonly username: string; readonly password: string },
  { now, requestId, sourceIp }: SignInContext,
): Promise<SignedIn | undefined> {
  const attempt = { ...signInAttempts(username), source: networkOf(sourceIp), budget: signInBudget, now };
  const signedIn = await limitAttempts(table, attempt, () => verifySignIn(table, attempt.name, password));
  if (signedIn === undefined) log("warn", "sign_in_failed", { requestId });
  return signedIn;
}

async function verifySignIn(table: Table, name: string, password: string): Promise<SignedIn | undefined> {
  // An unknown name takes the same steps, so that the time does not reveal it.
  const userId = (await findUserId(table, name)) ?? nobody;
  // The state is read first: a session that begins with the old password during a password change is over at once.
  const state = await findUserState(table, userId);
  const [hash, user] = await Promise.all([findPasswordHash(table, userId), findUser(table, userId)]);
  const correct = await verifyPassword(password, hash);
  if (!correct || hash === undefined || user === undefined || state?.status !== "active") return undefined;
  const rehash = isOutdatedHash(hash) ? [passwordReplacement(user.id, await hashPassword(password), hash)] : [];
  return { user, state, rehash };
}

/**
 * Confirms the current password of a signed-in user. Its guesses have a limit of their own.
 *
 * @returns the hash of the password; undefined if the password is wrong
 * @throws Problem `too_many_attempts`
 */
export async function confirmPassword(
  table: Table,
  user: StoredUser,
  password: string,
  { now, requestId }: Pick<SignInContext, "now" | "requestId">,
): Promise<string | undefined> {
  const attempt = { ...passwordAttempts(user.id), budget: { perName: guessLimit }, now };
  const hash = await limitAttempts(table, attempt, async () => {
    const kept = await findPasswordHash(table, user.id);
    return (await verifyPassword(password, kept)) ? kept : undefined;
  });
  if (hash === undefined) log("warn", "sign_in_failed", { requestId });
  return hash;
}
