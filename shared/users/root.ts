/** The root user: one, made at deploy time from Secrets Manager, and let in again by changing its secret. */
import * as z from "zod";
import { hashPassword, verifyPassword } from "../identity/passwords.ts";
import { findPasswordHash, passwordReplacement, tokenRevocation } from "../identity/store.ts";
import { newId } from "../ids.ts";
import type { Table } from "../table/table.ts";
import { findUserId, userCreation, type StoredUser } from "./store.ts";

const rootSignInSchema = z.object({ username: z.string().min(3), password: z.string().min(12) });

/**
 * Makes the root user as its secret says, or gives it the secret's password, which ends its sessions. Does nothing where
 * all is as it should be.
 *
 * @param secret the secret `rootSignIn`: `{"username", "password"}`
 */
export async function ensureRootUser(table: Table, secret: string, now: Date): Promise<void> {
  const { username, password } = rootSignInSchema.parse(JSON.parse(secret));
  const userId = await findUserId(table, username);
  if (userId === undefined) {
    await table.commit(userCreation(rootUser(username, now), await hashPassword(password)));
  } else if (!(await verifyPassword(password, await findPasswordHash(table, userId)))) {
    await table.commit([passwordReplacement(userId, await hashPassword(password)), tokenRevocation(userId)]);
  }
}

function rootUser(username: string, now: Date): StoredUser {
  return {
    id: newId("usr_", now),
    username,
    name: "Root",
    role: "root",
    status: "active",
    credit: 0,
    birthDate: null,
    sex: null,
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    revision: 1,
  };
}
