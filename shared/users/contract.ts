/** Operations of people: signing in and out, and who they are. */
import * as z from "zod";
import { administrators, roles } from "../domain/access.ts";
import { operation } from "../contract/operation.ts";
import { etag, id, pageOf, pageQuery, shownInstant, text, username, wholeNumber } from "../contract/schemas.ts";
import { exampleToken } from "../oauth/contract.ts";
import { tableKeys } from "../runtime/key.ts";
import { isPasswordLength } from "./rules.ts";

const userStatuses = ["active", "suspended"] as const;
const sexes = ["male", "female", "other"] as const;

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

export type User = z.output<typeof userSchema>;

const userExample: User = {
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
    amount: z.int().meta({ description: "What was added; negative for what was taken" }),
    balance: z.int().min(0).meta({ description: "The credit after this movement" }),
    reason: z.string(),
    redemptionId: id("rdm_")
      .nullable()
      .meta({ description: "The redemption that spent it; null for any other movement" }),
    at: shownInstant,
  })
  .meta({ id: "CreditMovement" });

export type CreditMovement = z.output<typeof movementSchema>;

const movementExample: CreditMovement = {
  id: "mov_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  amount: 50,
  balance: 170,
  reason: "Thank you for the bug report",
  redemptionId: null,
  at: "2026-11-20T12:00:00.000Z",
};

const exampleRefreshToken =
  "01JD3Y5W8Q4T6V2X9ZB7C1D3EF.01JD3Y5X2M6N8P0R4T7V9WBCDE.1.Zk3mY0vQx1lT7cN5sR9wB2hJ8dF4gK6pA1uE3iO5yTc";

/** Whether it is too common is for the rules to say: that has a code of its own. */
const password = z
  .string()
  .refine(isPasswordLength, "must have 12 to 128 characters")
  .meta({ minLength: 12, maxLength: 128 });

/** A password that is compared, not chosen. */
const presentedPassword = z.string().min(1, "must not be empty").max(1024, "must have at most 1024 characters");

/** Credit moves by a billion at the most at once, so that every balance is exact. */
const maxAmount = 1_000_000_000;

const creation = z.strictObject({
  username,
  name: text(1, 80),
  password,
  credit: wholeNumber.min(0, "must not be negative").max(maxAmount).optional(),
});

const grant = z.strictObject({
  amount: wholeNumber
    .min(-maxAmount)
    .max(maxAmount)
    .refine((amount) => amount !== 0, "must not be 0")
    .meta({ description: "What is added; negative takes credit away. Not 0" }),
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
      "Signs a person in with username and password. A wrong name and a wrong password are answered alike, in like time. After " +
      "10 failures in 15 minutes for a name, `429 too_many_attempts` until the time is over; sessions that run already go on.",
    access: "public",
    request: {
      body: z.strictObject({
        username: z.string().min(1).max(64).meta({ description: "Upper and lower case are the same" }),
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
      { actions: ["GetItem"], leadingKeys: [tableKeys.usernames, tableKeys.users, tableKeys.principals] },
      { actions: ["GetItem", "UpdateItem"], leadingKeys: [tableKeys.credentials] },
      { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [tableKeys.attempts] },
      { actions: ["PutItem"], leadingKeys: [tableKeys.sessions] },
    ],
    secrets: ["signingKeys"],
    // argon2id computes for a moment; Lambda gives CPU in proportion to memory.
    memoryMegabytes: 1024,
  }),

  logout: operation({
    id: "auth.logout",
    method: "POST",
    path: "/v1/auth/logout",
    tag: "Sign-in",
    summary: "Sign out",
    description: "Ends every session of the caller: all access tokens and refresh tokens, at once.",
    access: byAnyUser,
    request: { body: z.strictObject({}), bodyOptional: true },
    success: { status: 204, description: "Every session is over" },
    problems: [],
    table: [{ actions: ["UpdateItem"], leadingKeys: [tableKeys.principals] }],
  }),

  create: operation({
    id: "users.create",
    method: "POST",
    path: "/v1/users",
    tag: "Users",
    summary: "Create a user",
    description:
      "Creates a user with the role `user`. Usernames are compared without regard to case and never given out again.",
    access: byAdministrator,
    request: {
      body: creation,
      bodyExample: { username: "ada", name: "Ada Lovelace", password: "correct horse battery staple", credit: 120 },
    },
    success: { status: 201, description: "The user", ...userAnswer },
    problems: ["username_taken", "password_too_common"],
    idempotent: true,
    table: [
      {
        actions: ["PutItem"],
        leadingKeys: [
          tableKeys.usernames,
          tableKeys.users,
          tableKeys.userPlaces,
          tableKeys.principals,
          tableKeys.credentials,
          tableKeys.creditMovements,
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
      { actions: ["Query"], leadingKeys: [tableKeys.userPlaces] },
      { actions: ["BatchGetItem"], leadingKeys: [tableKeys.users] },
    ],
    secrets: ["cursorKey"],
  }),

  self: operation({
    id: "users.self",
    method: "GET",
    path: "/v1/users/me",
    tag: "Users",
    summary: "Read the calling user",
    description: "The user whose token is used.",
    access: byAnyUser,
    request: {},
    success: { status: 200, description: "The user", ...userAnswer },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [tableKeys.users] }],
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
    success: { status: 200, description: "The user as it is now", ...userAnswer },
    problems: [],
    conditional: true,
    table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [tableKeys.users] }],
  }),

  changePassword: operation({
    id: "users.change-password",
    method: "POST",
    path: "/v1/users/me/password",
    tag: "Users",
    summary: "Change the password",
    description:
      "Needs the present password, whose guesses count like those at the sign-in. Ends all other sessions; the one that calls goes on.",
    access: byAnyUser,
    request: {
      body: z.strictObject({ currentPassword: presentedPassword, newPassword: password }),
      bodyExample: { currentPassword: "correct horse battery staple", newPassword: "a longer ride on a blue bicycle" },
    },
    success: { status: 204, description: "The password is changed" },
    problems: ["credentials_invalid", "password_too_common", "too_many_attempts"],
    idempotent: true,
    replaysFirst: true,
    table: [
      { actions: ["GetItem", "UpdateItem"], leadingKeys: [tableKeys.credentials] },
      { actions: ["GetItem"], leadingKeys: [tableKeys.users, tableKeys.sessions] },
      { actions: ["GetItem", "UpdateItem"], leadingKeys: [tableKeys.principals] },
      { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [tableKeys.attempts] },
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
    table: [{ actions: ["GetItem"], leadingKeys: [tableKeys.users] }],
  }),

  change: operation({
    id: "users.change",
    method: "PATCH",
    path: "/v1/users/{userId}",
    tag: "Users",
    summary: "Change a user",
    description:
      "Suspends or resumes a user; root also gives and takes the role `admin`. Either acts on the very next request. Nobody suspends " +
      "or demotes root.",
    access: byAdministrator,
    request: { path: userPath, body: patch, bodyExample: { status: "suspended" } },
    success: {
      status: 200,
      description: "The user as it is now",
      body: userSchema,
      example: { ...userExample, status: "suspended", etag: '"2"' },
    },
    problems: [],
    conditional: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [tableKeys.users] },
      { actions: ["UpdateItem"], leadingKeys: [tableKeys.principals] },
    ],
  }),

  delete: operation({
    id: "users.delete",
    method: "DELETE",
    path: "/v1/users/{userId}",
    tag: "Users",
    summary: "Delete a user",
    description:
      "Deletes a user and ends its sessions at once. Its username is not given out again. Nobody deletes root.",
    access: byAdministrator,
    request: { path: userPath },
    success: { status: 204, description: "The user is deleted" },
    problems: [],
    conditional: true,
    table: [
      { actions: ["GetItem", "DeleteItem"], leadingKeys: [tableKeys.users] },
      { actions: ["DeleteItem"], leadingKeys: [tableKeys.userPlaces] },
      { actions: ["UpdateItem"], leadingKeys: [tableKeys.principals] },
      { actions: ["DeleteItem"], leadingKeys: [tableKeys.credentials] },
    ],
  }),

  ownLedger: operation({
    id: "users.own-ledger",
    method: "GET",
    path: "/v1/users/me/credit",
    tag: "Credit",
    summary: "List the movements of the caller's credit",
    description: "Every movement of the calling user's credit, newest first. Their sum is the balance, always.",
    access: byAnyUser,
    request: { query: z.strictObject(pageQuery) },
    ...movementPage,
    table: [{ actions: ["Query"], leadingKeys: [tableKeys.creditMovements] }],
  }),

  ledger: operation({
    id: "users.ledger",
    method: "GET",
    path: "/v1/users/{userId}/credit",
    tag: "Credit",
    summary: "List the movements of a user's credit",
    description: "Every movement of a user's credit, newest first. Their sum is the balance, always.",
    access: byAdministrator,
    request: { path: userPath, query: z.strictObject(pageQuery) },
    ...movementPage,
    table: [
      { actions: ["GetItem"], leadingKeys: [tableKeys.users] },
      { actions: ["Query"], leadingKeys: [tableKeys.creditMovements] },
    ],
  }),

  grantCredit: operation({
    id: "users.grant-credit",
    method: "POST",
    path: "/v1/users/{userId}/credit",
    tag: "Credit",
    summary: "Grant or take credit",
    description:
      "Moves a user's credit by `amount` and says why. The answer is the movement with the new balance, which never falls below " +
      "zero. Grants at the same moment all count: send an `Idempotency-Key` to make a repetition safe.",
    access: byAdministrator,
    request: {
      path: userPath,
      body: grant,
      bodyExample: { amount: 50, reason: "Thank you for the bug report" },
    },
    success: { status: 201, description: "The movement", body: movementSchema, example: movementExample },
    problems: ["credit_insufficient"],
    idempotent: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [tableKeys.users] },
      { actions: ["PutItem"], leadingKeys: [tableKeys.creditMovements] },
    ],
  }),
};
