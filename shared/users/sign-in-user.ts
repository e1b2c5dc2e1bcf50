/** Signs a user in with username and password. */
import { guessLimit, signInBudget, type UserState } from "../identity/model.ts";
import { limitAttempts } from "../identity/limit-attempts.ts";
import { hashPassword, isOutdatedHash, verifyPassword } from "../identity/passwords.ts";
import { attemptsRemoval, findPasswordHash, findUserState, passwordReplacement } from "../identity/store.ts";
import { loggedNetworkOf, networkOf } from "../domain/network.ts";
import { Problem } from "../domain/problems.ts";
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
  context: SignInContext,
): Promise<SignedIn | undefined> {
  const attempt = {
    ...signInAttempts(username),
    source: networkOf(context.sourceIp),
    budget: signInBudget,
    now: context.now,
  };
  // Read before the limit, because the log says whom a refused attempt concerns.
  const userId = await findUserId(table, attempt.name);
  return await loggingFailure(userId, context, () =>
    // An unknown name takes the same steps, so that the time does not reveal it.
    limitAttempts(table, attempt, () => verifySignIn(table, userId ?? nobody, password)),
  );
}

/**
 * Logs a failure with its target and the network that it comes from.
 *
 * @param targetId undefined for an unknown name, which is not logged: it may be a password in the wrong field
 */
async function loggingFailure<Result>(
  targetId: string | undefined,
  { requestId, sourceIp }: Pick<SignInContext, "requestId" | "sourceIp">,
  check: () => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const logFailure = (reason: string) =>
    log("warn", "sign_in_failed", { requestId, reason, targetId, network: loggedNetworkOf(sourceIp) });
  try {
    const result = await check();
    if (result === undefined) logFailure("credentials_invalid");
    return result;
  } catch (error) {
    if (error instanceof Problem && error.code === "too_many_attempts") logFailure(error.code);
    throw error;
  }
}

async function verifySignIn(table: Table, userId: string, password: string): Promise<SignedIn | undefined> {
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
  context: SignInContext,
): Promise<string | undefined> {
  const attempt = { ...passwordAttempts(user.id), budget: { perName: guessLimit }, now: context.now };
  return await loggingFailure(user.id, context, () =>
    limitAttempts(table, attempt, async () => {
      const kept = await findPasswordHash(table, user.id);
      return (await verifyPassword(password, kept)) ? kept : undefined;
    }),
  );
}
