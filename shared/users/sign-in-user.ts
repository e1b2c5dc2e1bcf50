/** Signs a user in with username, password and, where the person has enrolled one, a code of its second factor. */
import {
  guessLimit,
  signInBudget,
  withSecondFactor,
  type AuthenticationMethod,
  type UserState,
} from "../identity/model.ts";
import { limitAttempts } from "../identity/limit-attempts.ts";
import { hashPassword, isOutdatedHash, verifyPassword } from "../identity/passwords.ts";
import { attemptsRemoval, findPasswordHash, findUserState, passwordReplacement } from "../identity/store.ts";
import { networkOf } from "../domain/network.ts";
import { Problem } from "../domain/problems.ts";
import type { Secrets } from "../runtime/secrets.ts";
import type { Change, Table } from "../runtime/table.ts";
import { loggingFailure, type SignInContext } from "./log-sign-in-failure.ts";
import { normalizeUsername, type StoredUser } from "./model.ts";
import { findUser, findUserId } from "./store.ts";
import { secondFactorAttempts, verifySecondFactor, type UsedCode } from "./verify-second-factor.ts";

export interface SignedIn {
  readonly user: StoredUser;
  readonly state: UserState;
  /** Stores a new hash of the password if the parameters of the hash function have changed since it was set. */
  readonly rehash: Change;
}

/** How a user whose password was right may go on. */
export interface Proof {
  readonly amr: readonly AuthenticationMethod[];
  /** The code that was used; undefined for a person without a second factor. */
  readonly used?: UsedCode;
}

/** An id that no user has. */
const nobody = "usr_00000000000000000000000000";

const signInAttempts = (username: string) => ({ kind: "sign-in", name: normalizeUsername(username) });

/** Apart from those at sign-in: whoever locks a name there must not keep its owner from changing the password. */
const passwordAttempts = (userId: string) => ({ kind: "password", name: userId });

/** Ends a lockout at sign-in, at the change of the password and at the second factor. */
export function unlockSignIn({ id, username }: Pick<StoredUser, "id" | "username">): Change {
  const locked = [signInAttempts(username), passwordAttempts(id), secondFactorAttempts(id)];
  return locked.map(({ kind, name }) => attemptsRemoval(kind, name));
}

/** Ends a lockout of a password that is replaced. Guesses of the second factor keep their limit. */
export function forgetPasswordAttempts({ id, username }: Pick<StoredUser, "id" | "username">): Change {
  return [signInAttempts(username), passwordAttempts(id)].map(({ kind, name }) => attemptsRemoval(kind, name));
}

/**
 * Asks a user whose password was right for its second factor, if it has one. The state is the one of the check of the password:
 * a session that begins without a code while a factor is confirmed is over at once, like one with an old password.
 *
 * @throws Problem `second_factor_required`, `second_factor_invalid`, `too_many_attempts`
 * @throws ConcurrencyConflict while other codes of the person are being checked
 */
export async function proveSecondFactor(
  { user, state }: SignedIn,
  code: string | undefined,
  { table, secrets }: { readonly table: Table; readonly secrets: Secrets },
  context: SignInContext,
): Promise<Proof> {
  if (state.secondFactor !== true) return { amr: ["pwd"] };
  if (code === undefined) {
    throw new Problem(
      "second_factor_required",
      "Send the `code` of the authenticator app, or a recovery code, as well.",
    );
  }
  const used = await verifySecondFactor({ table, secrets, userId: user.id }, code, context);
  return { amr: withSecondFactor, used };
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
  // The log says whom an attempt concerns, also one that is refused.
  const target: { targetId?: string | undefined } = {};
  return await loggingFailure({ target, reason: "credentials_invalid" }, context, () =>
    limitAttempts(table, attempt, {
      read: async () => {
        target.targetId = await findUserId(table, attempt.name);
        // An unknown name takes the same steps, so that the time does not reveal it.
        const userId = target.targetId ?? nobody;
        // Read before the hash: a session that begins with the old password during a password change is over at once.
        return { userId, state: await findUserState(table, userId) };
      },
      check: async ({ userId, state }) => await verifySignIn(table, userId, state, password),
    }),
  );
}

async function verifySignIn(
  table: Table,
  userId: string,
  state: UserState | undefined,
  password: string,
): Promise<SignedIn | undefined> {
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
  return await loggingFailure({ target: { targetId: user.id }, reason: "credentials_invalid" }, context, () =>
    limitAttempts(table, attempt, {
      read: async () => await findPasswordHash(table, user.id),
      check: async (kept) => ((await verifyPassword(password, kept)) ? kept : undefined),
    }),
  );
}

/**
 * Requires the current password of a signed-in user before a change of how it signs in.
 *
 * @throws Problem `credentials_invalid`, `too_many_attempts`
 */
export async function requirePassword(
  table: Table,
  user: StoredUser,
  password: string,
  context: SignInContext,
): Promise<void> {
  const proven = await confirmPassword(table, user, password, context);
  if (proven === undefined) throw new Problem("credentials_invalid", "The password is wrong.");
}
