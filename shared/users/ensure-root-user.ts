/** The root user: one, made at deploy time from Secrets Manager, and let in again by changing its secret. */
import * as z from "zod";
import { hashPassword, verifyPassword } from "../identity/passwords.ts";
import { endAllSessions } from "../identity/session-store.ts";
import { findPasswordHash, passwordReplacement } from "../identity/store.ts";
import type { Table } from "../runtime/table.ts";
import { createUser } from "./rules.ts";
import { findUserId, userCreation } from "./store.ts";

const rootSignInSchema = z.object({ username: z.string().min(3), password: z.string().min(12) });

/** What the bootstrap did about the root user. */
export type RootOutcome = "created" | "restored" | "unchanged";

/**
 * Makes the root user as its secret says, or gives it the secret's password, which ends its sessions. Does nothing where
 * all is as it should be.
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
  if (await verifyPassword(password, await findPasswordHash(table, userId))) return "unchanged";
  await table.commit([passwordReplacement(userId, await hashPassword(password)), endAllSessions(userId)]);
  return "restored";
}
