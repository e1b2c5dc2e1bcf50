/** Operations of people: signing in, so far. */
import * as z from "zod";
import { operation, roles } from "../api/operation.ts";
import { etag, id, shownInstant } from "../api/schemas.ts";
import { exampleToken } from "../identity/contract.ts";
import { tableKeys } from "../table/keys.ts";

const userSchema = z
  .object({
    id: id("usr_"),
    username: z.string(),
    name: z.string(),
    role: z.enum(roles),
    status: z.enum(["active", "suspended"]),
    credit: z.int().min(0),
    birthDate: z.iso.date().nullable(),
    sex: z.enum(["male", "female", "other"]).nullable(),
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
  role: "admin",
  status: "active",
  credit: 120,
  birthDate: "1815-12-10",
  sex: "female",
  createdAt: "2026-11-20T12:00:00.000Z",
  updatedAt: "2026-11-20T12:00:00.000Z",
  etag: '"1"',
};

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
        password: z.string().min(1).max(1024),
      }),
      bodyExample: { username: "ada", password: "correct horse battery staple" },
    },
    success: {
      status: 200,
      description: "The session",
      body: z.object({
        accessToken: z.string(),
        tokenType: z.literal("Bearer"),
        expiresIn: z
          .int()
          .positive()
          .optional()
          .meta({ description: "Seconds; absent for a token that never expires" }),
        user: userSchema,
      }),
      example: { accessToken: exampleToken, tokenType: "Bearer", expiresIn: 900, user: userExample },
    },
    problems: ["credentials_invalid", "too_many_attempts"],
    table: [
      {
        actions: ["GetItem"],
        leadingKeys: [tableKeys.usernames, tableKeys.users, tableKeys.credentials, tableKeys.principals],
      },
      { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [tableKeys.attempts] },
    ],
    secrets: ["signingKeys"],
    // argon2id computes for a moment; Lambda gives CPU in proportion to memory.
    memoryMegabytes: 1024,
  }),
};
