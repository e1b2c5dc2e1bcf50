/** Operations of users: profiles, sessions, second factors, administration and credit. */
import * as z from "zod";
import { administrators } from "../domain/access.ts";
import { operation } from "../contract/operation.ts";
import {
  id,
  pageOf,
  orderBy,
  pageQuery,
  search,
  searchedOrSorted,
  shownInstant,
  text,
  username,
  wholeNumber,
} from "../contract/schemas.ts";
import { identityPartitions, principalAttributes } from "../identity/keys.ts";
import { recoveryCodeCount, signInMethods } from "../identity/model.ts";
import { userPartitions } from "./keys.ts";
import { maxCreditAmount } from "./model.ts";
import {
  byAnyUser,
  code,
  codeRights,
  exampleLinkToken,
  password,
  presentedPassword,
  sex,
  status,
  userExample,
  userSchema,
} from "./schemas.ts";

export const selfSchema = userSchema
  .extend({
    secondFactor: z
      .object({
        confirmedAt: shownInstant.describe("When it was confirmed: RFC 3339, UTC"),
        recoveryCodesLeft: z.int().min(0).max(recoveryCodeCount).describe("How many recovery codes are unused"),
      })
      .nullable()
      .meta({ description: "The second factor; null for a person without a confirmed second factor" }),
  })
  .meta({ id: "Self", description: "The calling user" });

export type SelfView = z.output<typeof selfSchema>;

export const selfExample: SelfView = {
  ...userExample,
  secondFactor: { confirmedAt: "2026-11-20T12:00:00.000Z", recoveryCodesLeft: 9 },
};

export const movementSchema = z
  .object({
    id: id("mov_"),
    amount: z.int().meta({ description: "The amount of the movement; negative for credit that was taken" }),
    balance: z.int().min(0).meta({ description: "The credit after this movement" }),
    reason: z.string().describe("Why the credit changed"),
    redemptionId: id("rdm_")
      .nullable()
      .meta({ description: "The redemption that spent the credit; null for any other movement" }),
    at: shownInstant.describe("When the credit changed: RFC 3339, UTC"),
  })
  .meta({ id: "CreditMovement", description: "A movement of the credit of a user" });

export type CreditMovementView = z.output<typeof movementSchema>;

export const movementExample: CreditMovementView = {
  id: "mov_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  amount: 50,
  balance: 170,
  reason: "Thank you for the bug report",
  redemptionId: null,
  at: "2026-11-20T12:00:00.000Z",
};

const ledgerMovementSchema = movementSchema
  .extend({
    by: id("usr_").nullable().meta({
      description:
        "The administrator who granted or took the credit; null for a redemption, and for a movement from before this was kept",
    }),
  })
  .meta({ id: "LedgerMovement", description: "A movement of the credit of a user, as administrators see it" });

export type LedgerMovementView = z.output<typeof ledgerMovementSchema>;

const ledgerMovementExample: LedgerMovementView = { ...movementExample, by: "usr_01JD3Y5X2M6N8P0R4T7V9WBCDE" };

export const sessionSchema = z
  .object({
    id: id("ses_").meta({ description: "The claim `sid` of its access tokens" }),
    signInMethod: z.enum(signInMethods).describe("How the person signed in"),
    clientId: z.string().meta({ description: "The public client that signed the user in" }),
    createdAt: shownInstant.describe("When the person signed in: RFC 3339, UTC"),
    lastUsedAt: shownInstant.meta({ description: "When the session began or was last refreshed" }),
    expiresAt: shownInstant.meta({ description: "When the session ends unless it is refreshed" }),
    current: z.boolean().meta({ description: "Whether it is the session of the access token of this call" }),
  })
  .meta({ id: "Session", description: "A session of a user" });

export type SessionView = z.output<typeof sessionSchema>;

export const sessionExample: SessionView = {
  id: "ses_01JD3Y5X2M6N8P0R4T7V9WBCDE",
  signInMethod: "password",
  clientId: "web",
  createdAt: "2026-11-20T12:00:00.000Z",
  lastUsedAt: "2026-11-20T12:30:00.000Z",
  expiresAt: "2026-11-27T12:30:00.000Z",
  current: true,
};

const sessionPage = {
  request: { query: z.strictObject(pageQuery) },
  success: {
    status: 200,
    description: "A page of sessions",
    body: pageOf(sessionSchema),
    example: { items: [sessionExample], nextCursor: null },
  },
  problems: ["cursor_invalid"],
  table: [
    { actions: ["Query"], leadingKeys: [identityPartitions.sessions] },
    { actions: ["GetItem"], leadingKeys: [identityPartitions.principals] },
  ],
  secrets: ["cursorKey"],
} as const;

const sessionEnding = {
  success: { status: 204, description: "The session has ended" },
  problems: [],
  table: [
    { actions: ["GetItem", "DeleteItem"], leadingKeys: [identityPartitions.sessions] },
    {
      actions: ["GetItem", "UpdateItem"],
      leadingKeys: [identityPartitions.principals],
      attributes: principalAttributes.endingSessions,
    },
  ],
} as const;

const name = text(1, 80).describe("Name of the person");

const creation = z.strictObject({
  username,
  name,
  password: password.optional().meta({
    description: "First password, which is one-time. Without it, the person sets one with a one-time link",
  }),
  credit: wholeNumber
    .min(0, "must not be negative")
    .max(maxCreditAmount)
    .optional()
    .describe("Credit at the start; 0 by default"),
});

const grant = z.strictObject({
  amount: wholeNumber
    .min(-maxCreditAmount)
    .max(maxCreditAmount)
    .refine((amount) => amount !== 0, "must not be 0")
    .meta({ description: "The amount to add; a negative amount takes credit. Not 0" }),
  reason: text(1, 200).describe("Why: shown to the user and to administrators"),
});

const selfPatch = z
  .strictObject({
    name,
    birthDate: z.iso
      .date("must be a date, YYYY-MM-DD")
      .nullable()
      .meta({ description: "Date of birth, YYYY-MM-DD, in the past; null clears it", examples: ["1915-12-10"] }),
    sex,
  })
  .partial();

const patch = z
  .strictObject({
    status,
    role: z.enum(["user", "admin"]).describe("The new role. Only root may change it"),
  })
  .partial();

export type UserCreation = z.output<typeof creation>;
export type UserPatch = z.output<typeof patch>;
export type SelfPatch = z.output<typeof selfPatch>;

const listQuery = searchedOrSorted(
  z.strictObject({
    ...pageQuery,
    search: search.describe(
      "The beginning of an id, a username or a name, in any case. First come those found by username",
    ),
    sort: orderBy(["newest", "username", "name"]).describe("The order of the whole list. Not together with `search`"),
  }),
  "newest",
);

const sessionPath = z.strictObject({ sessionId: id("ses_") });
const userPath = z.strictObject({ userId: id("usr_") });
const byAdministrator = { user: { roles: administrators } };
const withCode = z.strictObject({ code });

const recoveryCodesAnswer = {
  body: z.object({
    recoveryCodes: z.array(z.string()).optional().meta({
      description:
        "Each signs in once instead of a code of the app. They cannot be read again. Absent from a replayed response",
    }),
  }),
  example: {
    recoveryCodes: [
      ...["7K3M9-QX2ZT", "H4N8R-0VW1C", "PB6TY-2J5SD", "E9GQA-4XM7K", "3ZC1V-8FNRH"],
      ...["W5DKB-J6T2P", "0S8YM-GQ3EX", "N7RAF-51CVZ", "K2HT4-WB9DJ", "X6PEG-M0Q8S"],
    ],
  },
  secretMembers: ["recoveryCodes"],
};

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
  create: operation({
    id: "users.create",
    method: "POST",
    path: "/v1/users",
    tag: "Users",
    summary: "Create a user",
    description:
      "Creates a user with the role `user`. Usernames are case-insensitive and are never reused. A `password` is one-time: until " +
      "the person has changed it, every other operation answers `403 password_change_required`. Without one, nobody can sign in " +
      "until the person has set it with the link of `POST /v1/users/{userId}/password-reset`.",
    access: byAdministrator,
    request: {
      body: creation,
      bodyExample: { username: "ada", name: "Ada Lovelace", password: "correct horse battery staple", credit: 120 },
    },
    success: { status: 201, description: "The user", ...userAnswer },
    problems: ["username_taken", "password_too_common"],
    idempotent: true,
    sensitive: true,
    audited: true,
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
    description:
      "All users, newest first or in the order that `sort` names; or those that `search` finds. A search and a sorted list may lag " +
      "behind a change for a moment.",
    access: byAdministrator,
    request: { query: listQuery },
    success: {
      status: 200,
      description: "A page of users",
      body: pageOf(userSchema),
      example: { items: [userExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [
      { actions: ["Query"], leadingKeys: [userPartitions.userPlaces] },
      {
        actions: ["Query"],
        leadingKeys: [userPartitions.usersByUsername, userPartitions.usersByName],
        index: "gsi1",
      },
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
    description: "The user to whom the access token belongs, with the state of its second factor.",
    access: byAnyUser,
    request: {},
    success: { status: 200, description: "The user", body: selfSchema, example: selfExample },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [userPartitions.users, identityPartitions.secondFactors] }],
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
    success: { status: 200, description: "The changed user", body: selfSchema, example: selfExample },
    problems: [],
    conditional: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [userPartitions.users] },
      { actions: ["PutItem"], leadingKeys: [userPartitions.userPlaces] },
      { actions: ["GetItem"], leadingKeys: [identityPartitions.secondFactors] },
    ],
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
    allowedBefore: ["change_password"],
    request: {
      body: z.strictObject({ currentPassword: presentedPassword, newPassword: password }),
      bodyExample: { currentPassword: "correct horse battery staple", newPassword: "a longer ride on a blue bicycle" },
    },
    success: { status: 204, description: "The password has been changed" },
    problems: ["credentials_invalid", "password_too_common", "too_many_attempts"],
    idempotent: true,
    replaysFirst: true,
    audited: true,
    table: [
      { actions: ["GetItem", "UpdateItem"], leadingKeys: [identityPartitions.credentials] },
      { actions: ["GetItem"], leadingKeys: [userPartitions.users, identityPartitions.sessions] },
      { actions: ["DeleteItem"], leadingKeys: [identityPartitions.passwordLinks] },
      {
        actions: ["GetItem", "UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.changingPassword,
      },
      { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [identityPartitions.attempts] },
    ],
    memoryMegabytes: 1024,
  }),

  ownSessions: operation({
    id: "users.own-sessions",
    method: "GET",
    path: "/v1/users/me/sessions",
    tag: "Sign-in",
    summary: "List the caller's sessions",
    description: "The sessions in which the calling user is signed in, oldest first.",
    access: byAnyUser,
    ...sessionPage,
  }),

  endOwnSession: operation({
    id: "users.end-own-session",
    method: "DELETE",
    path: "/v1/users/me/sessions/{sessionId}",
    tag: "Sign-in",
    summary: "End one of the caller's sessions",
    description:
      "Signs the calling user out of one session, which may be the current one. Its access tokens and its refresh token stop " +
      "working at once.",
    access: byAnyUser,
    request: { path: sessionPath },
    ...sessionEnding,
  }),

  enrolSecondFactor: operation({
    id: "users.enrol-second-factor",
    method: "POST",
    path: "/v1/users/me/second-factor",
    tag: "Second factor",
    summary: "Begin the enrolment of a second factor",
    description:
      "Creates a secret for an authenticator app (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds) and shows it once. The factor counts " +
      "from its confirmation with a first code; a repeated call replaces a secret that was not confirmed. Requires the password; " +
      "after 10 wrong ones in 15 minutes the answer is `429 too_many_attempts`.",
    access: byAnyUser,
    allowedBefore: ["enrol_second_factor"],
    request: {
      body: z.strictObject({ password: presentedPassword }),
      bodyExample: { password: "correct horse battery staple" },
    },
    success: {
      status: 200,
      description: "The secret",
      body: z.object({
        secret: z
          .string()
          .optional()
          .meta({ description: "Base32, for typing it into an authenticator app. Absent from a replayed response" }),
        uri: z.string().optional().meta({
          description: "The same as an `otpauth://` URI, for a link or a QR code. Absent from a replayed response",
        }),
      }),
      example: {
        secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        uri: "otpauth://totp/Portico%20api.example.com:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Portico%20api.example.com&algorithm=SHA1&digits=6&period=30",
      },
      secretMembers: ["secret", "uri"],
    },
    problems: ["credentials_invalid", "second_factor_exists", "too_many_attempts"],
    idempotent: true,
    replaysFirst: true,
    table: [
      { actions: ["GetItem"], leadingKeys: [userPartitions.users, identityPartitions.credentials] },
      ...codeRights,
    ],
    secrets: ["secondFactorKey"],
    memoryMegabytes: 1024,
  }),

  confirmSecondFactor: operation({
    id: "users.confirm-second-factor",
    method: "POST",
    path: "/v1/users/me/second-factor/confirm",
    tag: "Second factor",
    summary: "Confirm the second factor",
    description:
      "Proves the authenticator app with a first code: sign-in asks for a code from now on. Ends all other sessions of the user; the " +
      "calling session continues. The answer shows ten recovery codes once. After 10 wrong codes in an hour the answer is " +
      "`429 too_many_attempts`.",
    access: byAnyUser,
    allowedBefore: ["enrol_second_factor"],
    request: { body: withCode, bodyExample: { code: "287082" } },
    success: { status: 200, description: "The recovery codes", ...recoveryCodesAnswer },
    problems: ["not_found", "second_factor_exists", "second_factor_invalid", "too_many_attempts"],
    idempotent: true,
    replaysFirst: true,
    audited: true,
    table: [
      ...codeRights,
      { actions: ["GetItem", "UpdateItem"], leadingKeys: [identityPartitions.sessions] },
      {
        actions: ["GetItem", "UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.changingSecondFactor,
      },
    ],
    secrets: ["secondFactorKey"],
  }),

  renewRecoveryCodes: operation({
    id: "users.renew-recovery-codes",
    method: "POST",
    path: "/v1/users/me/second-factor/recovery-codes",
    tag: "Second factor",
    summary: "Replace the recovery codes",
    description:
      "Shows ten new recovery codes once; the previous ones stop working. Requires a code of the app, or a recovery code. After 10 " +
      "wrong codes in an hour the answer is `429 too_many_attempts`.",
    access: byAnyUser,
    request: { body: withCode, bodyExample: { code: "287082" } },
    success: { status: 200, description: "The recovery codes", ...recoveryCodesAnswer },
    problems: ["not_found", "second_factor_invalid", "too_many_attempts"],
    idempotent: true,
    replaysFirst: true,
    audited: true,
    table: codeRights,
    secrets: ["secondFactorKey"],
  }),

  removeSecondFactor: operation({
    id: "users.remove-second-factor",
    method: "POST",
    path: "/v1/users/me/second-factor/remove",
    tag: "Second factor",
    summary: "Remove the second factor",
    description:
      "Removes the caller's second factor and its recovery codes. Requires either a `code` or the `password`; guesses of each have " +
      "their limit. Administrators who need a second factor then have to enrol a new one before anything else.",
    access: byAnyUser,
    request: {
      body: z
        .strictObject({ code, password: presentedPassword })
        .partial()
        .refine(({ code, password }) => code === undefined || password === undefined, {
          path: ["password"],
          message: "must not be sent together with code",
        })
        .refine(({ code, password }) => code !== undefined || password !== undefined, "must have code or password")
        .meta({ minProperties: 1, maxProperties: 1 }),
      bodyExample: { code: "287082" },
    },
    success: { status: 204, description: "The second factor has been removed" },
    problems: ["not_found", "credentials_invalid", "second_factor_invalid", "too_many_attempts"],
    idempotent: true,
    replaysFirst: true,
    audited: true,
    table: [
      { actions: ["GetItem"], leadingKeys: [userPartitions.users, identityPartitions.credentials] },
      { actions: ["GetItem", "DeleteItem"], leadingKeys: [identityPartitions.secondFactors] },
      { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [identityPartitions.attempts] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.removingSecondFactor,
      },
    ],
    secrets: ["secondFactorKey"],
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
    audited: true,
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
      "Deletes a user with its name, birth date and sex, and ends its sessions at once. Its messages stay and show `deleted` as " +
      "their sender. The username is never reused. The root user cannot be deleted.",
    access: byAdministrator,
    request: { path: userPath },
    success: { status: 204, description: "The user has been deleted" },
    problems: [],
    conditional: true,
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem", "DeleteItem"], leadingKeys: [userPartitions.users] },
      { actions: ["DeleteItem"], leadingKeys: [userPartitions.userPlaces] },
      { actions: ["PutItem"], leadingKeys: [userPartitions.usernames, userPartitions.deletedUsers] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.deleting,
      },
      {
        actions: ["DeleteItem"],
        leadingKeys: [
          identityPartitions.credentials,
          identityPartitions.secondFactors,
          identityPartitions.passwordLinks,
        ],
      },
    ],
  }),

  sessions: operation({
    id: "users.sessions",
    method: "GET",
    path: "/v1/users/{userId}/sessions",
    tag: "Users",
    summary: "List a user's sessions",
    description: "The sessions in which a user is signed in, oldest first.",
    access: byAdministrator,
    ...sessionPage,
    request: { ...sessionPage.request, path: userPath },
    table: [...sessionPage.table, { actions: ["GetItem"], leadingKeys: [userPartitions.users] }],
  }),

  endSession: operation({
    id: "users.end-session",
    method: "DELETE",
    path: "/v1/users/{userId}/sessions/{sessionId}",
    tag: "Users",
    summary: "End a session of a user",
    description:
      "Signs a user out of one session. Its access tokens and its refresh token stop working at once. Only root can end a " +
      "session of root.",
    access: byAdministrator,
    request: { path: z.strictObject({ userId: id("usr_"), sessionId: id("ses_") }) },
    ...sessionEnding,
    sensitive: true,
    audited: true,
    table: [...sessionEnding.table, { actions: ["GetItem"], leadingKeys: [userPartitions.users] }],
  }),

  endSessions: operation({
    id: "users.end-sessions",
    method: "DELETE",
    path: "/v1/users/{userId}/sessions",
    tag: "Users",
    summary: "End all sessions of a user",
    description:
      "Signs a user out everywhere. All access tokens and refresh tokens of the user stop working at once. Only root can end " +
      "the sessions of root.",
    access: byAdministrator,
    request: { path: userPath },
    success: { status: 204, description: "All sessions have ended" },
    problems: [],
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem"], leadingKeys: [userPartitions.users] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.endingSessions,
      },
    ],
  }),

  unlockSignIn: operation({
    id: "users.unlock-sign-in",
    method: "POST",
    path: "/v1/users/{userId}/unlock-sign-in",
    tag: "Users",
    summary: "Unlock sign-in for a user",
    description:
      "Forgets the user's failed attempts at sign-in, at the change of the password and at the second factor, so that all work " +
      "again at once. A no-op for a user without failed attempts.",
    access: byAdministrator,
    request: { path: userPath, body: z.strictObject({}), bodyOptional: true },
    success: { status: 204, description: "The user can sign in again" },
    problems: [],
    idempotent: true,
    audited: true,
    table: [
      { actions: ["GetItem"], leadingKeys: [userPartitions.users] },
      { actions: ["DeleteItem"], leadingKeys: [identityPartitions.attempts] },
    ],
  }),

  resetSecondFactor: operation({
    id: "users.reset-second-factor",
    method: "POST",
    path: "/v1/users/{userId}/reset-second-factor",
    tag: "Second factor",
    summary: "Reset a user's second factor",
    description:
      "Removes the second factor and the recovery codes of a person who has lost both, and ends its sessions. An administrator resets " +
      "that of users, root that of administrators, and an operator that of root. A user without a second factor loses its sessions " +
      "only.",
    access: byAdministrator,
    request: { path: userPath, body: z.strictObject({}), bodyOptional: true },
    success: { status: 204, description: "The person signs in with its password alone" },
    problems: [],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem"], leadingKeys: [userPartitions.users] },
      { actions: ["DeleteItem"], leadingKeys: [identityPartitions.secondFactors] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.changingSecondFactor,
      },
    ],
  }),

  createPasswordLink: operation({
    id: "users.create-password-link",
    method: "POST",
    path: "/v1/users/{userId}/password-reset",
    tag: "Users",
    summary: "Make a one-time link for a new password",
    description:
      "Makes a link with which a person sets a password: for a new user without one, and for a person who has forgotten it. It is " +
      "shown once; pass it on by a way that you trust. It ends after 24 hours, when it is used, when a newer one is made, and when " +
      "the person changes the password or its role changes. Until it is used, nothing changes for the person. An administrator makes " +
      "links for users, root for administrators; root itself gets its password from an operator.",
    access: byAdministrator,
    request: { path: userPath, body: z.strictObject({}), bodyOptional: true },
    success: {
      status: 200,
      description: "The link",
      body: z.object({
        url: z.string().optional().meta({
          format: "uri",
          description:
            "Page of the console that takes the new password. The token is in the fragment. Absent from a replayed response",
        }),
        token: z
          .string()
          .optional()
          .meta({ description: "For `POST /v1/auth/password-reset`. Shown once. Absent from a replayed response" }),
        expiresAt: shownInstant.describe("When the link ends: RFC 3339, UTC"),
      }),
      example: {
        url: `https://api.example.com/console#/password/${exampleLinkToken}`,
        token: exampleLinkToken,
        expiresAt: "2026-11-21T12:00:00.000Z",
      },
      secretMembers: ["url", "token"],
    },
    problems: [],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem"], leadingKeys: [userPartitions.users] },
      { actions: ["PutItem"], leadingKeys: [identityPartitions.passwordLinks] },
    ],
    secrets: ["clientSecretKey"],
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
    success: {
      ...movementPage.success,
      body: pageOf(ledgerMovementSchema),
      example: { items: [ledgerMovementExample], nextCursor: null },
    },
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
    success: { status: 201, description: "The movement", body: ledgerMovementSchema, example: ledgerMovementExample },
    problems: ["credit_insufficient"],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [userPartitions.users] },
      { actions: ["PutItem"], leadingKeys: [userPartitions.creditMovements] },
    ],
  }),
};
