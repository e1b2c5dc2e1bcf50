/** What may become of a user. Pure: no AWS, no HTTP, and the time is an argument. */
import { createHash } from "node:crypto";
import type { Role } from "../domain/access.ts";
import { Problem } from "../domain/problems.ts";
import { newId } from "../domain/ids.ts";
import { patched } from "../domain/merge-patch.ts";
import { commonPasswordHashes } from "./common-passwords.ts";
import type { CreditMovement, SelfPatch, User, UserCreation, UserPatch } from "./contract.ts";

/** A user as it is kept. */
export type StoredUser = Omit<User, "etag"> & {
  readonly revision: number;
  /** How many movements the credit has had. */
  readonly movements: number;
};

export function createUser(
  { username, name, credit = 0, role = "user" }: Pick<UserCreation, "username" | "name" | "credit"> & { role?: Role },
  now: Date,
): StoredUser {
  return {
    id: newId("usr_", now),
    username,
    name,
    role,
    status: "active",
    credit,
    movements: credit > 0 ? 1 : 0,
    birthDate: null,
    sex: null,
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    revision: 1,
  };
}

/** The movement that a new user's credit came by; undefined without credit. The sum of the movements is the balance, always. */
export function openingMovement({ credit, createdAt }: StoredUser): CreditMovement | undefined {
  if (credit === 0) return undefined;
  const id = newId("mov_", new Date(createdAt));
  return { id, amount: credit, balance: credit, reason: "Initial credit", redemptionId: null, at: createdAt };
}

/** What moves a user's credit: an administrator's grant or debit, or a redemption. */
export type CreditCause = Pick<CreditMovement, "amount" | "reason"> & { readonly redemptionId?: string };

/**
 * The user with its credit moved, and the movement's line in the ledger. The balance may come out negative: the change that
 * is made of it is then refused (`creditChange`).
 */
export function moveCredit(
  user: StoredUser,
  { amount, reason, redemptionId }: CreditCause,
  now: Date,
): { readonly user: StoredUser; readonly movement: CreditMovement } {
  const balance = user.credit + amount;
  // Clocks of different functions differ; still no movement is older than the one that it follows.
  const at = user.updatedAt > now.toISOString() ? user.updatedAt : now.toISOString();
  return {
    user: { ...user, credit: balance, movements: user.movements + 1, updatedAt: at, revision: user.revision + 1 },
    movement: { id: newId("mov_", new Date(at)), amount, balance, reason, redemptionId: redemptionId ?? null, at },
  };
}

/** The form in which usernames are compared. */
export function normalizeUsername(username: string): string {
  return username.toLowerCase();
}

/** What is shown in place of the username of a user that was deleted. */
export const deletedUsername = "deleted";

/** Refuses the one name by which somebody could be taken for a user that was deleted. */
export function chooseUsername(username: string): string | Problem {
  if (normalizeUsername(username) !== deletedUsername) return username;
  return new Problem("username_taken", "This name is shown in place of users that were deleted.");
}

/** Passwords are counted as they are hashed: in NFC, by code points. */
export function isPasswordLength(password: string): boolean {
  const length = Array.from(password.normalize("NFC")).length;
  return length >= 12 && length <= 128;
}

/** Refuses a password that is guessed first, whatever its case. */
export function choosePassword(password: string): string | Problem {
  const hash = createHash("sha256").update(password.normalize("NFC").toLowerCase()).digest("base64url").slice(0, 12);
  if (!commonPasswordHashes.has(hash)) return password;
  return new Problem("password_too_common", "This password is among the commonest. Choose another one.");
}

/** What users change of themselves; the same user if nothing is different. */
export function changeSelf(user: StoredUser, patch: SelfPatch, now: Date): StoredUser {
  return patched(user, patch, now);
}

/** What administrators change of users. Only root changes roles, and nobody touches root. */
export function changeUser(user: StoredUser, patch: UserPatch, caller: Role, now: Date): StoredUser | Problem {
  const touchesRoot = user.role === "root" && (patch.status ?? user.status) !== user.status;
  if (touchesRoot || (user.role === "root" && patch.role !== undefined)) {
    return new Problem("forbidden", "Nobody suspends or demotes root.");
  }
  if (patch.role !== undefined && caller !== "root") {
    return new Problem("forbidden", "Only root gives and takes roles.");
  }
  return patched(user, patch, now);
}

/** Refuses the deletion of root. */
export function deleteUser(user: StoredUser): StoredUser | Problem {
  return user.role === "root" ? new Problem("forbidden", "Nobody deletes root.") : user;
}

/** Whether a change has to act on the user's very next request. */
export function endsTokens(before: StoredUser, after: StoredUser): boolean {
  return before.status !== after.status || before.role !== after.role;
}
