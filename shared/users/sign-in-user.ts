/** A person proves who it is with its password. */
import { log } from "../runtime/log.ts";
import { guessLimit } from "../identity/attempts.ts";
import { hashPassword, isOutdatedHash, verifyPassword } from "../identity/passwords.ts";
import {
  findPasswordHash,
  findUserState,
  passwordReplacement,
  settleAttempt,
  reserveAttempt,
  type UserState,
} from "../identity/store.ts";
import type { Change, Table } from "../runtime/table.ts";
import { normalizeUsername, type StoredUser } from "./rules.ts";
import { findUser, findUserId } from "./store.ts";

export interface SignedIn {
  readonly user: StoredUser;
  readonly state: UserState;
  /** Hashes the password anew where the parameters have grown since it was set. */
  readonly rehash: Change;
}

/** An id that no user has. */
const nobody = "usr_00000000000000000000000000";

export interface SignInContext {
  readonly now: Date;
  readonly requestId: string;
}

/**
 * The user whose name and password these are; undefined alike for an unknown name, a wrong password and a user that is not
 * active, after the same work.
 *
 * @throws Problem `too_many_attempts` after ten failures in a quarter of an hour for the name
 * @throws ConcurrencyConflict while other attempts for the name are being checked
 */
export async function signIn(
  table: Table,
  { username, password }: { readonly username: string; readonly password: string },
  context: SignInContext,
): Promise<SignedIn | undefined> {
  const name = normalizeUsername(username);
  return await attempting(table, name, context, async () => {
    // An unknown name takes the same steps, so that the time does not tell.
    const userId = (await findUserId(table, name)) ?? nobody;
    // The state first: whoever proves the old password while a new one is set begins a session that is over already.
    const state = await findUserState(table, userId);
    const [hash, user] = await Promise.all([findPasswordHash(table, userId), findUser(table, userId)]);
    const correct = await verifyPassword(password, hash);
    if (!correct || hash === undefined || user === undefined || state?.status !== "active") return undefined;
    const rehash = isOutdatedHash(hash) ? [passwordReplacement(user.id, await hashPassword(password), hash)] : [];
    return { user, state, rehash };
  });
}

/**
 * The hash of a signed-in user's present password, if this is it; guesses count like those at the sign-in.
 *
 * @throws Problem `too_many_attempts`
 */
export async function confirmPassword(
  table: Table,
  user: StoredUser,
  password: string,
  context: SignInContext,
): Promise<string | undefined> {
  return await attempting(table, normalizeUsername(user.username), context, async () => {
    const hash = await findPasswordHash(table, user.id);
    return (await verifyPassword(password, hash)) ? hash : undefined;
  });
}

/** Takes a place among the attempts for a name, checks, and settles: an undefined result is a failure. */
async function attempting<Result>(
  table: Table,
  name: string,
  { now, requestId }: SignInContext,
  check: () => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const attempt = await reserveAttempt(table, "sign-in", name, guessLimit, now);
  const result = await check();
  await settleAttempt(table, attempt, { failed: result === undefined, now });
  if (result === undefined) log("warn", "sign_in_failed", { requestId });
  return result;
}
