/** Users and movements of their credit as they are kept, with their limits. */
import type { Role } from "../domain/access.ts";

export const userStatuses = ["active", "suspended"] as const;
export const sexes = ["male", "female", "other"] as const;

/** A user as it is kept. Times are RFC 3339. */
export interface StoredUser {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly role: Role;
  readonly status: (typeof userStatuses)[number];
  readonly credit: number;
  /** `YYYY-MM-DD` */
  readonly birthDate: string | null;
  readonly sex: (typeof sexes)[number] | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts the changes, from 1. */
  readonly revision: number;
  /** How many movements the credit has had. */
  readonly movements: number;
}

/** A movement of a user's credit: a line of the ledger. */
export interface CreditMovement {
  readonly id: string;
  /** Negative for credit that is taken. */
  readonly amount: number;
  /** The credit after the movement. */
  readonly balance: number;
  readonly reason: string;
  /** The redemption that spent the credit; null for any other movement. */
  readonly redemptionId: string | null;
  /** The administrator who made it; absent for a redemption, and for a movement from before this was kept. */
  readonly by?: string;
  /** RFC 3339. */
  readonly at: string;
}

/** The maximum amount of one movement: a billion, so that every balance is exact. */
export const maxCreditAmount = 1_000_000_000;

/** Password lengths in code points after NFC. */
export const minPasswordLength = 12;
export const maxPasswordLength = 128;

/** Whether a password has an allowed length, counted as it is hashed: in NFC, by code points. */
export function isPasswordLength(password: string): boolean {
  const length = Array.from(password.normalize("NFC")).length;
  return length >= minPasswordLength && length <= maxPasswordLength;
}

/** The form in which usernames are compared. */
export function normalizeUsername(username: string): string {
  return username.toLowerCase();
}

/** The form of the usernames that are generated for users of the identity provider: a prefix and a ULID. */
export const externalUsername = /^ext-[0-9a-hjkmnp-tv-z]{26}$/;

/** Shown in place of the username of a deleted user. */
export const deletedUsername = "deleted";
