/** Operations of users: sign-in, profiles, administration and credit. */
import * as z from "zod";
import { administrators, roles } from "../domain/access.ts";
import { operation } from "../contract/operation.ts";
import { etag, id, pageOf, pageQuery, shownInstant, text, username, wholeNumber } from "../contract/schemas.ts";
import { exampleToken } from "../identity/contract.ts";
import { identityPartitions, principalAttributes } from "../identity/keys.ts";
import { userPartitions } from "./keys.ts";
import {
  isPasswordLength,
  maxCreditAmount,
  maxPasswordLength,
  minPasswordLength,
  sexes,
  userStatuses,
} from "./model.ts";

const userSchema = z
  .object({
    id: id("usr_"),
    username: z.string(),
    name: z.string(),
    role: z.enum(roles),
    status: z.enum(userStatuses),
    credit: z.int().min(0),
    birthDate: z.iso.date().nullable(),
    sex: z.enum(sexes).nullable(),
    createdAt: shownInstant,
    updatedAt: shownInstant,
    etag,
  })
  .meta({ id: "User" });

export type UserView = z.output<typeof userSchema>;

const userExample: UserView = {
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

const movementSchema = z
  .object({
    id: id("mov_"),
    amount: z.int().meta({ description: "The amount of the movement; negative for credit that was taken" }),
    balance: z.int().min(0).meta({ description: "The credit after this movement" }),
    reason: z.string(),
    redemptionId: id("rdm_")
      .nullable()
      .meta({ description: "The redemption that spent the credit; null for any other movement" }),
    at: shownInstant,
  })
  .meta({ id: "CreditMovement" });

export type CreditMovementView = z.output<typeof movementSchema>;

const movementExample: CreditMovementView = {
  id: "mov_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  amount: 50,
  balance: 170,
  reason: "Thank you for the bug report",
  redemptionId: null,
  at: "2026-11-20T12:00:00.000Z",
};

const exampleRefreshToken =
  "01JD3Y5W8Q4T6V2X9ZB7C1D3EF.01JD3Y5X2M6N8P0R4T7V9WBCDE.1.Zk3mY0vQx1lT7cN5sR9wB2hJ8dF4gK6pA1uE3iO5yTc";

/** The rules refuse common passwords, with a problem code of their own. */
const password = z
  .string()
  .refine(isPasswordLength, `must have ${minPasswordLength} to ${maxPasswordLength} characters`)
  .meta({ minLength: minPasswordLength, maxLength: maxPasswordLength });

/** A password that is verified, not chosen. */
const presentedPassword = z.string().min(1, "must not be empty").max(1024, "must have at most 1024 characters");

const creation = z.strictObject({
  username,
  name: text(1, 80),
  password,
  credit: wholeNumber.min(0, "must not be negative").max(maxCreditAmount).optional(),
});

const grant = z.strictObject({
  amount: wholeNumber
    .min(-maxCreditAmount)
    .max(maxCreditAmount)
    .refine((amount) => amount !== 0, "must not be 0")
    .meta({ description: "The amount to add; a negative amount takes credit. Not 0" }),
  reason: text(1, 200),
});

const selfPatch = z
  .strictObject({
    name: text(1, 80),
    birthDate: z.iso.date("must be a date, YYYY-MM-DD").nullable(),
    sex: z.enum(sexes).nullable(),
  })
  .partial();

const patch = z
  .strictObject({
    status: z.enum(userStatuses),
    role: z.enum(["user", "admin"]),
  })
  .partial();

export type UserCreation = z.output<typeof creation>;
export type UserPatch = z.output<typeof patch>;
export type SelfPatch = z.output<typeof selfPatch>;

const userPath = z.strictObject({ userId: id("usr_") });
const byAdministrator = { user: { roles: administrators } };
const byAnyUser = { user: { roles } };

const movementPage = {
  success: {
    status: 200,
    description: "A page of movements",
    body: pageOf(movementSchema),
    example: { items: [movementExample], nextCursor: null },
  },
  problems: ["cursor_invalid"],
  secrets: ["cursorKey"],
} as const;

const userAnswer = { body: userSchema, example: userExample };

export const operations = {
  login: operation({
    id: "auth.login",
    method: "POST",
    path: "/v1/auth/login",
    tag: "Sign-in",
    summary: "Sign in",
    description:
      "Signs a user in with username and password. A wrong name and a wrong password get the same answer, in similar time. After " +
      "10 failures in 15 minutes for a name from one address the answer is `429 too_many_attempts`, and also after 100 failures in " +
      "an hour from all addresses; existing sessions continue.",
    access: "public",
    request: {
      body: z.strictObject({
        username: z.string().min(1).max(64).meta({ description: "Case-insensitive" }),
        password: presentedPassword,
      }),
      bodyExample: { username: "ada", password: "correct horse battery staple" },
    },
    success: {
      status: 200,
      description: "The session",
      body: z.object({
        accessToken: z.string(),
        refreshToken: z.string(),
        tokenType: z.literal("Bearer"),
        expiresIn: z
          .int()
          .positive()
          .optional()
          .meta({ description: "Seconds; absent for a token that never expires" }),
        user: userSchema,
      }),
      example: {
        accessToken: exampleToken,
        refreshToken: exampleRefreshToken,
        tokenType: "Bearer",
        expiresIn: 900,
        user: userExample,
      },
    },
    problems: ["credentials_invalid", "too_many_attempts"],
    table: [
      {
        actions: ["GetItem"],
        leadingKeys: [userPartitions.usernames, userPartitions.users, identityPartitions.principals],
      },
      { actions: ["GetItem", "UpdateItem"], leadingKeys: [identityPartitions.credentials] },
      { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [identityPartitions.attempts] },
      { actions: ["PutItem"], leadingKeys: [identityPartitions.sessions] },
    ],
    secrets: ["signingKeys"],
    // argon2id needs CPU, which Lambda allots in proportion to memory.
    memoryMegabytes: 1024,
    reservedConcurrency: 50,
  }),

  logout: operation({
    id: "auth.logout",
    method: "POST",
    path: "/v1/auth/logout",
    tag: "Sign-in",
    summary: "Sign out",
    description: "Ends every session of the caller. All of its access tokens and refresh tokens stop working at once.",
    access: byAnyUser,
    request: { body: z.strictObject({}), bodyOptional: true },
    success: { status: 204, description: "All sessions have ended" },
    problems: [],
    table: [
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.endingSessions,
      },
    ],
  }),

  create: operation({
    id: "users.create",
    method: "POST",
    path: "/v1/users",
    tag: "Users",
    summary: "Create a user",
    description: "Creates a user with the role `user`. Usernames are case-insensitive and are never reused.",
    access: byAdministrator,
    request: {
      body: creation,
      bodyExample: { username: "ada", name: "Ada Lovelace", password: "correct horse battery staple", credit: 120 },
    },
    success: { status: 201, description: "The user", ...userAnswer },
    problems: ["username_taken", "password_too_common"],
    idempotent: true,
    sensitive: true,
    table: [
      {
        actions: ["PutItem"],
        leadingKeys: [
          userPartitions.usernames,
          userPartitions.users,
          userPartitions.userPlaces,
          identityPartitions.principals,
          identityPartitions.credentials,
          userPartitions.creditMovements,
        ],
      },
    ],
    memoryMegabytes: 1024,
  }),

  list: operation({
    id: "users.list",
    method: "GET",
    path: "/v1/users",
    tag: "Users",
    summary: "List users",
    description: "All users, newest first.",
    access: byAdministrator,
    request: { query: z.strictObject(pageQuery) },
    success: {
      status: 200,
      description: "A page of users",
      body: pageOf(userSchema),
      example: { items: [userExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [
      { actions: ["Query"], leadingKeys: [userPartitions.userPlaces] },
      { actions: ["BatchGetItem"], leadingKeys: [userPartitions.users] },
    ],
    secrets: ["cursorKey"],
  }),

  self: operation({
    id: "users.self",
    method: "GET",
    path: "/v1/users/me",
    tag: "Users",
    summary: "Read the calling user",
    description: "The user to whom the access token belongs.",
    access: byAnyUser,
    request: {},
    success: { status: 200, description: "The user", ...userAnswer },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [userPartitions.users] }],
  }),

  changeSelf: operation({
    id: "users.change-self",
    method: "PATCH",
    path: "/v1/users/me",
    tag: "Users",
    summary: "Change the calling user",
    description: "Changes the given fields (RFC 7396); `null` clears the birth date or the sex.",
    access: byAnyUser,
    request: { body: selfPatch, bodyExample: { birthDate: "1915-12-10" } },
    success: { status: 200, description: "The changed user", ...userAnswer },
    problems: [],
    conditional: true,
    table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [userPartitions.users] }],
  }),

  changePassword: operation({
    id: "users.change-password",
    method: "POST",
    path: "/v1/users/me/password",
    tag: "Users",
    summary: "Change the password",
    description:
      "Requires the current password; after 10 wrong ones in 15 minutes the answer is `429 too_many_attempts`. Ends all other " +
      "sessions of the user; the calling session continues.",
    access: byAnyUser,
    request: {
      body: z.strictObject({ currentPassword: presentedPassword, newPassword: password }),
      bodyExample: { currentPassword: "correct horse battery staple", newPassword: "a longer ride on a blue bicycle" },
    },
    success: { status: 204, description: "The password has been changed" },
    problems: ["credentials_invalid", "password_too_common", "too_many_attempts"],
    idempotent: true,
    replaysFirst: true,
    table: [
      { actions: ["GetItem", "UpdateItem"], leadingKeys: [identityPartitions.credentials] },
      { actions: ["GetItem"], leadingKeys: [userPartitions.users, identityPartitions.sessions] },
      {
        actions: ["GetItem", "UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.endingSessions,
      },
      { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [identityPartitions.attempts] },
    ],
    memoryMegabytes: 1024,
  }),

  read: operation({
    id: "users.read",
    method: "GET",
    path: "/v1/users/{userId}",
    tag: "Users",
    summary: "Read a user",
    description: "One user by its id.",
    access: byAdministrator,
    request: { path: userPath },
    success: { status: 200, description: "The user", ...userAnswer },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [userPartitions.users] }],
  }),

  change: operation({
    id: "users.change",
    method: "PATCH",
    path: "/v1/users/{userId}",
    tag: "Users",
    summary: "Change a user",
    description:
      "Suspends or resumes a user; root can also grant and revoke the role `admin`. The change takes effect on the user's next " +
      "request. The root user cannot be suspended or demoted.",
    access: byAdministrator,
    request: { path: userPath, body: patch, bodyExample: { status: "suspended" } },
    success: {
      status: 200,
      description: "The changed user",
      body: userSchema,
      example: { ...userExample, status: "suspended", etag: '"2"' },
    },
    problems: [],
    conditional: true,
    sensitive: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [userPartitions.users] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.changingUser,
      },
    ],
  }),

  delete: operation({
    id: "users.delete",
    method: "DELETE",
    path: "/v1/users/{userId}",
    tag: "Users",
    summary: "Delete a user",
    description:
      "Deletes a user and ends its sessions at once. The username is never reused. The root user cannot be deleted.",
    access: byAdministrator,
    request: { path: userPath },
    success: { status: 204, description: "The user has been deleted" },
    problems: [],
    conditional: true,
    sensitive: true,
    table: [
      { actions: ["GetItem", "DeleteItem"], leadingKeys: [userPartitions.users] },
      { actions: ["DeleteItem"], leadingKeys: [userPartitions.userPlaces] },
      { actions: ["PutItem"], leadingKeys: [userPartitions.deletedUsers] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.deleting,
      },
      { actions: ["DeleteItem"], leadingKeys: [identityPartitions.credentials] },
    ],
  }),

  unlockSignIn: operation({
    id: "users.unlock-sign-in",
    method: "POST",
    path: "/v1/users/{userId}/unlock-sign-in",
    tag: "Users",
    summary: "Unlock sign-in for a user",
    description:
      "Forgets the user's failed attempts at sign-in and at the change of the password, so that both work again at once. A no-op " +
      "for a user without failed attempts.",
    access: byAdministrator,
    request: { path: userPath, body: z.strictObject({}), bodyOptional: true },
    success: { status: 204, description: "The user can sign in again" },
    problems: [],
    idempotent: true,
    table: [
      { actions: ["GetItem"], leadingKeys: [userPartitions.users] },
      { actions: ["DeleteItem"], leadingKeys: [identityPartitions.attempts] },
    ],
  }),

  ownLedger: operation({
    id: "users.own-ledger",
    method: "GET",
    path: "/v1/users/me/credit",
    tag: "Credit",
    summary: "List the movements of the caller's credit",
    description:
      "Every movement of the calling user's credit, newest first. The sum of all movements is always the balance.",
    access: byAnyUser,
    request: { query: z.strictObject(pageQuery) },
    ...movementPage,
    table: [{ actions: ["Query"], leadingKeys: [userPartitions.creditMovements] }],
  }),

  ledger: operation({
    id: "users.ledger",
    method: "GET",
    path: "/v1/users/{userId}/credit",
    tag: "Credit",
    summary: "List the movements of a user's credit",
    description: "Every movement of a user's credit, newest first. The sum of all movements is always the balance.",
    access: byAdministrator,
    request: { path: userPath, query: z.strictObject(pageQuery) },
    ...movementPage,
    table: [
      { actions: ["GetItem"], leadingKeys: [userPartitions.users] },
      { actions: ["Query"], leadingKeys: [userPartitions.creditMovements] },
    ],
  }),

  grantCredit: operation({
    id: "users.grant-credit",
    method: "POST",
    path: "/v1/users/{userId}/credit",
    tag: "Credit",
    summary: "Grant or take credit",
    description:
      "Adds `amount` to a user's credit and records the reason. The answer is the movement with the new balance, which never falls " +
      "below zero. Parallel grants all count; send an `Idempotency-Key` to make a retry safe.",
    access: byAdministrator,
    request: {
      path: userPath,
      body: grant,
      bodyExample: { amount: 50, reason: "Thank you for the bug report" },
    },
    success: { status: 201, description: "The movement", body: movementSchema, example: movementExample },
    problems: ["credit_insufficient"],
    idempotent: true,
    sensitive: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [userPartitions.users] },
      { actions: ["PutItem"], leadingKeys: [userPartitions.creditMovements] },
    ],
  }),
};
