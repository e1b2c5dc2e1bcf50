/**
 * Creates the root user from its secret, and restores its access when the secret changes. Commits by itself: the bootstrap
 * runs it, and it may be repeated.
 */
import * as z from "zod";
import { hashPassword, verifyPassword } from "../identity/passwords.ts";
import { secondFactorReset } from "../identity/second-factor-store.ts";
import { endAllSessions } from "../identity/session-store.ts";
import { findPasswordHash, passwordReplacement } from "../identity/store.ts";
import type { Table } from "../runtime/table.ts";
import { createUser } from "./rules.ts";
import { unlockSignIn } from "./sign-in-user.ts";
import { findUserId, userCreation } from "./store.ts";

const rootSignInSchema = z.object({ username: z.string().min(3), password: z.string().min(12) });

/** What happened to the root user. */
export type RootOutcome = "created" | "restored" | "unchanged";

/**
 * Makes the root user match its secret. A different password replaces the old one and ends root's sessions. A lockout ends in
 * either case, so that an operator can let root in.
 *
 * @param secret the secret `rootSignIn`: `{"username", "password"}`
 */
export async function ensureRootUser(table: Table, secret: string, now: Date): Promise<RootOutcome> {
  const { username, password } = rootSignInSchema.parse(JSON.parse(secret));
  const userId = await findUserId(table, username);
  if (userId === undefined) {
    const root = createUser({ username, name: "Root", role: "root" }, now);
    await table.commit(userCreation(root, await hashPassword(password)));
    return "created";
  }
  const unlock = unlockSignIn({ id: userId, username });
  if (await verifyPassword(password, await findPasswordHash(table, userId))) {
    await table.commit(unlock);
    return "unchanged";
  }
  await table.commit([passwordReplacement(userId, await hashPassword(password)), endAllSessions(userId), ...unlock]);
  return "restored";
}

/**
 * Removes root's second factor and ends its sessions, for an operator whose root has lost the authenticator app and the recovery
 * codes. Root still needs its password.
 *
 * @returns root's id; undefined if there is no user with the name in the secret
 */
export async function resetRootSecondFactor(table: Table, secret: string): Promise<string | undefined> {
  const { username } = rootSignInSchema.parse(JSON.parse(secret));
  const userId = await findUserId(table, username);
  if (userId !== undefined) await table.commit(secondFactorReset(userId));
  return userId;
}
