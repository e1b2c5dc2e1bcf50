/** Decisions on users and their credit. Pure: no AWS, no HTTP, and the time is an argument. */
import { createHash } from "node:crypto";
import type { Role } from "../domain/access.ts";
import { newId } from "../domain/ids.ts";
import { patched } from "../domain/merge-patch.ts";
import { invalid, Problem } from "../domain/problems.ts";
import type { SignInMethod } from "../identity/model.ts";
import { commonPasswordHashes } from "./common-passwords.ts";
import type { SelfPatch, UserCreation, UserPatch } from "./contract.ts";
import { deletedUsername, externalUsername, normalizeUsername, type CreditMovement, type StoredUser } from "./model.ts";

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

/** The first movement of a new user's credit; undefined without credit. The sum of the movements is always the balance. */
export function openingMovement({ credit, createdAt }: StoredUser, by?: string): CreditMovement | undefined {
  if (credit === 0) return undefined;
  const id = newId("mov_", new Date(createdAt));
  const movement = { id, amount: credit, balance: credit, reason: "Initial credit", redemptionId: null, at: createdAt };
  return by === undefined ? movement : { ...movement, by };
}

/** The cause of a credit movement: an administrator's grant or debit, or a redemption. */
export type CreditCause = Pick<CreditMovement, "amount" | "reason" | "by"> & { readonly redemptionId?: string };

/**
 * The user with its credit moved, and the movement for the ledger. The balance may be negative here; `creditChange` refuses
 * such a change.
 */
export function moveCredit(
  user: StoredUser,
  { amount, reason, redemptionId, by }: CreditCause,
  now: Date,
): { readonly user: StoredUser; readonly movement: CreditMovement } {
  const balance = user.credit + amount;
  // The clocks of functions differ, but no movement is older than its predecessor.
  const at = user.updatedAt > now.toISOString() ? user.updatedAt : now.toISOString();
  return {
    user: { ...user, credit: balance, movements: user.movements + 1, updatedAt: at, revision: user.revision + 1 },
    movement: {
      id: newId("mov_", new Date(at)),
      amount,
      balance,
      reason,
      redemptionId: redemptionId ?? null,
      ...(by !== undefined && { by }),
      at,
    },
  };
}

/** Refuses the name that is shown for deleted users. */
export function chooseUsername(username: string): string | Problem {
  if (normalizeUsername(username) !== deletedUsername) return username;
  return new Problem("username_taken", "This name is reserved. It is shown in place of deleted users.");
}

/** Refuses a common password, in any case. */
export function choosePassword(password: string): string | Problem {
  const hash = createHash("sha256").update(password.normalize("NFC").toLowerCase()).digest("base64url").slice(0, 12);
  if (!commonPasswordHashes.has(hash)) return password;
  return new Problem("password_too_common", "This password is very common. Choose a different one.");
}

/** Whether a change of the password changes nothing, compared as passwords are hashed. */
export function isSamePassword(change: { readonly currentPassword: string; readonly newPassword: string }): boolean {
  return change.currentPassword.normalize("NFC") === change.newPassword.normalize("NFC");
}

/**
 * Changes a user's own fields; returns the same user for a no-op.
 *
 * @throws Problem `validation_failed` for a birth date that is not in the past
 */
export function changeSelf(user: StoredUser, patch: SelfPatch, now: Date): StoredUser {
  // A date has no zone: today is the date in UTC.
  if ((patch.birthDate ?? "") >= now.toISOString().slice(0, 10)) {
    throw invalid({ pointer: "/birthDate", detail: "must be in the past" });
  }
  return patched(user, patch, now);
}

/** Changes status and role as an administrator. Only root changes roles, and nobody changes root. */
export function changeUser(user: StoredUser, patch: UserPatch, caller: Role, now: Date): StoredUser | Problem {
  const touchesRoot = user.role === "root" && (patch.status ?? user.status) !== user.status;
  if (touchesRoot || (user.role === "root" && patch.role !== undefined)) {
    return new Problem("forbidden", "The root user cannot be suspended or demoted.");
  }
  if (patch.role !== undefined && caller !== "root") {
    return new Problem("forbidden", "Only root can change a role.");
  }
  return patched(user, patch, now);
}

/** Refuses the deletion of root. */
export function deleteUser(user: StoredUser): StoredUser | Problem {
  return user.role === "root" ? new Problem("forbidden", "The root user cannot be deleted.") : user;
}

/** Refuses to end sessions of root for anybody else: root must always be able to work. */
export function endSessionsOf(user: StoredUser, caller: Role): StoredUser | Problem {
  if (user.role !== "root" || caller === "root") return user;
  return new Problem("forbidden", "Only root can end a session of root.");
}

/** Decides who resets a second factor: an administrator that of users, root that of administrators, an operator that of root. */
export function resetSecondFactor(user: StoredUser, caller: Role): StoredUser | Problem {
  if (user.role === "root") return new Problem("forbidden", "Only an operator can reset the second factor of root.");
  if (user.role === "admin" && caller !== "root") {
    return new Problem("forbidden", "Only root can reset the second factor of an administrator.");
  }
  return user;
}

/**
 * Decides who gets a person to a new password: an administrator that of users, root that of administrators, an operator that of
 * root.
 */
export function linkPassword(user: StoredUser, caller: Role): StoredUser | Problem {
  if (user.role === "root") return new Problem("forbidden", "Only an operator can reset the password of root.");
  if (user.role === "admin" && caller !== "root") {
    return new Problem("forbidden", "Only root can reset the password of an administrator.");
  }
  if (signInMethodOf(user) === "password") return user;
  return new Problem("forbidden", "This person signs in at the identity provider and has no password here.");
}

/** Whether a change must end the user's access tokens. */
export function endsTokens(before: StoredUser, after: StoredUser): boolean {
  return before.status !== after.status || before.role !== after.role;
}

/** How a user signs in: one of the identity provider has a username that was generated. */
export function signInMethodOf({ username }: Pick<StoredUser, "username">): SignInMethod {
  return externalUsername.test(username) ? "identity_provider" : "password";
}
