/** Operations of signing in with username and password. */
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import { exampleToken } from "../identity/contract.ts";
import { identityPartitions, principalAttributes } from "../identity/keys.ts";
import { userPartitions } from "./keys.ts";
import {
  byAnyUser,
  code,
  codeRights,
  exampleLinkToken,
  password,
  presentedPassword,
  userExample,
  userSchema,
} from "./schemas.ts";

const exampleRefreshToken =
  "01JD3Y5W8Q4T6V2X9ZB7C1D3EF.01JD3Y5X2M6N8P0R4T7V9WBCDE.1.Zk3mY0vQx1lT7cN5sR9wB2hJ8dF4gK6pA1uE3iO5yTc";

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
      "an hour from all addresses; existing sessions continue. A person with a second factor sends its `code` as well: without " +
      "one, the answer to the right password is `401 second_factor_required`. Each code works once. After 10 wrong codes in an " +
      "hour the answer is `429 too_many_attempts`.",
    access: "public",
    servedWhenReadOnly: true,
    request: {
      body: z.strictObject({
        username: z
          .string()
          .min(1)
          .max(64)
          .meta({ pattern: "^[^\\u0000]*$", description: "Username, case-insensitive", examples: ["ada"] }),
        password: presentedPassword,
        code: code.optional(),
      }),
      bodyExample: { username: "ada", password: "correct horse battery staple" },
    },
    success: {
      status: 200,
      description: "The session",
      body: z.object({
        accessToken: z.string().describe("JWT (RFC 9068) for the header `Authorization`"),
        refreshToken: z.string().describe("Continues the session at `POST /oauth/token`. It works once"),
        tokenType: z.literal("Bearer").describe("How the access token is sent (RFC 6750)"),
        expiresIn: z
          .int()
          .positive()
          .optional()
          .meta({ description: "Lifetime of the access token in seconds; absent for a token that never expires" }),
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
    problems: ["credentials_invalid", "second_factor_required", "second_factor_invalid", "too_many_attempts"],
    table: [
      {
        actions: ["GetItem"],
        leadingKeys: [userPartitions.usernames, userPartitions.users, identityPartitions.principals],
      },
      { actions: ["GetItem", "UpdateItem"], leadingKeys: [identityPartitions.credentials] },
      ...codeRights,
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.openingSessions,
      },
      { actions: ["Query", "PutItem", "DeleteItem"], leadingKeys: [identityPartitions.sessions] },
    ],
    secrets: ["signingKeys", "secondFactorKey"],
    // argon2id needs CPU, which Lambda allots in proportion to memory.
    memoryMegabytes: 1024,
    reservedConcurrency: 50,
  }),

  resetPassword: operation({
    id: "auth.reset-password",
    method: "POST",
    path: "/v1/auth/password-reset",
    tag: "Sign-in",
    summary: "Set a new password with a one-time link",
    description:
      "Sets the password of the person for whom an administrator made the link, and ends all sessions of the person and a lockout " +
      "of its password. The token works once. A second factor stays. After 100 wrong tokens in 15 minutes the answer is " +
      "`429 too_many_attempts`; the right one always passes.",
    access: "public",
    request: {
      body: z.strictObject({
        token: z
          .string()
          .min(1, "must not be empty")
          .max(256, "must have at most 256 characters")
          .describe("The token of the link"),
        newPassword: password,
      }),
      bodyExample: { token: exampleLinkToken, newPassword: "a longer ride on a blue bicycle" },
    },
    success: {
      status: 200,
      description: "The password has been set",
      body: z.object({ username: z.string().describe("Name with which the person signs in") }),
      example: { username: "ada" },
    },
    problems: ["password_link_invalid", "password_too_common", "too_many_attempts"],
    table: [
      {
        actions: ["GetItem"],
        leadingKeys: [userPartitions.users, identityPartitions.principals, identityPartitions.passwordLinks],
      },
      { actions: ["DeleteItem"], leadingKeys: [identityPartitions.passwordLinks] },
      { actions: ["UpdateItem"], leadingKeys: [identityPartitions.credentials] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.changingPassword,
      },
      { actions: ["UpdateItem", "DeleteItem"], leadingKeys: [identityPartitions.attempts] },
    ],
    secrets: ["clientSecretKey"],
    memoryMegabytes: 1024,
  }),

  logout: operation({
    id: "auth.logout",
    method: "POST",
    path: "/v1/auth/logout",
    tag: "Sign-in",
    summary: "Sign out",
    description: "Ends every session of the caller. All of its access tokens and refresh tokens stop working at once.",
    access: byAnyUser,
    allowedBefore: ["change_password", "enrol_second_factor"],
    servedWhenReadOnly: true,
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
};
