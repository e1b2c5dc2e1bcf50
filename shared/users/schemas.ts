/** Schemas and examples that the operations of users share with signing in. */
import * as z from "zod";
import { roles } from "../domain/access.ts";
import { createdAt, etag, id, updatedAt } from "../contract/schemas.ts";
import { identityPartitions } from "../identity/keys.ts";
import { isPasswordLength, maxPasswordLength, minPasswordLength, sexes, userStatuses } from "./model.ts";

export const status = z.enum(userStatuses).describe("A suspended user cannot sign in, and its tokens are refused");
export const sex = z.enum(sexes).nullable().describe("Sex of the person; null if unknown");

export const userSchema = z
  .object({
    id: id("usr_"),
    username: z.string().describe("Name at sign-in. It never changes and is never reused"),
    name: z.string().describe("Name of the person"),
    role: z.enum(roles).describe("What the user may do"),
    status,
    credit: z.int().min(0).describe("Credit that coupons take from"),
    birthDate: z.iso.date().nullable().describe("Date of birth, YYYY-MM-DD; null if unknown"),
    sex,
    createdAt,
    updatedAt,
    etag,
  })
  .meta({ id: "User", description: "A user" });

export type UserView = z.output<typeof userSchema>;

export const userExample: UserView = {
  id: "usr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  username: "ada",
  name: "Ada Lovelace",
  role: "user",
  status: "active",
  credit: 120,
  birthDate: "1915-12-10",
  sex: "female",
  createdAt: "2026-11-20T12:00:00.000Z",
  updatedAt: "2026-11-20T12:00:00.000Z",
  etag: '"1"',
};

export const exampleLinkToken = "01JD3Y5W8Q4T6V2X9ZB7C1D3EF.Zk3mY0vQx1lT7cN5sR9wB2hJ8dF4gK6pA1uE3iO5yTc";

/** The rules refuse common passwords, with a problem code of their own. */
export const password = z
  .string()
  .refine(isPasswordLength, `must have ${minPasswordLength} to ${maxPasswordLength} characters`)
  .meta({
    minLength: minPasswordLength,
    maxLength: maxPasswordLength,
    description: "New password, counted in characters of NFC. Common passwords are refused",
  });

/** A password that is verified, not chosen. */
export const presentedPassword = z
  .string()
  .min(1, "must not be empty")
  .max(1024, "must have at most 1024 characters")
  .describe("The current password");

/** Of an authenticator app, or a recovery code; spaces, hyphens and case do not matter. */
export const code = z
  .string()
  .min(1, "must not be empty")
  .max(32, "must have at most 32 characters")
  .meta({ description: "The six digits of the authenticator app, or a recovery code" });

/** Checking a code: the factor, its attempts, and the use of the code. */
export const codeRights = [
  { actions: ["GetItem", "PutItem"], leadingKeys: [identityPartitions.secondFactors] },
  { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [identityPartitions.attempts] },
] as const;

export const byAnyUser = { user: { roles } };
