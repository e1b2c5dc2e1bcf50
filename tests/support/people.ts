/** Users created by root, and their sessions. */
import { randomUUID } from "node:crypto";
import { issueAccessToken } from "../../shared/identity/access-tokens.ts";
import { newId } from "../../shared/domain/ids.ts";
import { identityKey } from "../../shared/identity/keys.ts";
import type { Write } from "../../shared/runtime/table.ts";
import { present, updateIf } from "../../shared/runtime/writes.ts";
import type { StoredUser } from "../../shared/users/model.ts";
import { createUser } from "../../shared/users/rules.ts";
import { userCreation } from "../../shared/users/store.ts";
import { signingKeyOf } from "./forgery.ts";
import type { Answer } from "./answer.ts";
import type { Portico } from "./portico.ts";
import { plantChanges } from "./table.ts";

export interface TestUser {
  readonly id: string;
  readonly username: string;
  readonly password: string;
}

export interface TestSession {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export const goodPassword = "correct horse battery staple";

/** A new username. */
export function newUsername(): string {
  return `u-${randomUUID()}`;
}

/** A valid body of `POST /v1/users`. */
export function userFields(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { username: newUsername(), name: "Ada Lovelace", password: goodPassword, ...fields };
}

/** A new user, created by root. Its first password counts as changed, because a change would cost two more hashes. */
export async function newUser(
  portico: Portico,
  fields: Readonly<Record<string, unknown>> = {},
  role: "user" | "admin" = "user",
): Promise<TestUser> {
  const json = userFields(fields);
  const token = await portico.rootToken();
  const { status, text, body } = await portico.call("POST", "/v1/users", { token, json });
  if (status !== 201) throw new Error(`no user made: ${text}`);
  await plantChanges(portico.host, [[passwordChosen(body.id)]]);
  if (role === "admin") await changeUser(portico, body.id, { role });
  return { id: body.id, username: body.username, password: json["password"] as string };
}

/** The user's password as its own choice. */
function passwordChosen(userId: string): Write {
  return updateIf(identityKey.principal(userId), present, { expression: "REMOVE passwordIsOneTime" });
}

/** New users without passwords, written to the table: fast, because nothing has to be hashed. */
export async function plantUsers(portico: Portico, count: number, credit = 0): Promise<readonly StoredUser[]> {
  const users = Array.from({ length: count }, () =>
    createUser({ username: newUsername(), name: "Ada Lovelace", credit }, new Date()),
  );
  await plantChanges(
    portico.host,
    users.map((user) => userCreation(user, undefined)),
  );
  return users;
}

/** New users with access tokens that are signed here: fast, because nobody signs in. @param credit of each */
export async function plantCrowd(portico: Portico, count: number, credit = 0): Promise<readonly CrowdMember[]> {
  const key = signingKeyOf(portico);
  const users = await plantUsers(portico, count, credit);
  return await Promise.all(
    users.map(async ({ id, username }) => {
      const principal = { kind: "user", id, role: "user", sessionId: newId("ses_", new Date()) } as const;
      const options = { issuer: portico.url, lifetimeSeconds: 900, now: new Date() };
      const { token } = await issueAccessToken({ principal, clientId: "web", version: 1 }, key, options);
      return { id, username, token };
    }),
  );
}

export interface CrowdMember {
  readonly id: string;
  readonly username: string;
  readonly token: string;
}

/** A successful change by root. */
export async function changeUser(portico: Portico, userId: string, json: unknown): Promise<void> {
  const token = await portico.rootToken();
  const { status, text } = await portico.call("PATCH", `/v1/users/${userId}`, { token, json });
  if (status !== 200) throw new Error(`the user was not changed: ${text}`);
}

export async function signIn(
  portico: Portico,
  { username, password }: Pick<TestUser, "username" | "password">,
): Promise<Answer> {
  return await portico.call("POST", "/v1/auth/login", { json: { username, password } });
}

/** A session of a user, begun by signing in. */
export async function sessionOf(portico: Portico, user: Pick<TestUser, "username" | "password">): Promise<TestSession> {
  const { status, text, body } = await signIn(portico, user);
  if (status !== 200) throw new Error(`not signed in: ${text}`);
  return { accessToken: body.accessToken, refreshToken: body.refreshToken };
}

/** A new user with a session. */
export async function newPerson(portico: Portico, role: "user" | "admin" = "user"): Promise<TestUser & TestSession> {
  const user = await newUser(portico, {}, role);
  return { ...user, ...(await sessionOf(portico, user)) };
}

/** A refresh by the public client `web`. @param form overrides its parameters */
export async function refresh(
  portico: Portico,
  refreshToken: string,
  form: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return await portico.call("POST", "/oauth/token", {
    form: { grant_type: "refresh_token", client_id: "web", refresh_token: refreshToken, ...form },
  });
}

/** The session after a successful refresh. */
export async function refreshed(portico: Portico, refreshToken: string): Promise<TestSession> {
  const { status, text, body } = await refresh(portico, refreshToken);
  if (status !== 200) throw new Error(`not refreshed: ${text}`);
  return { accessToken: body.access_token, refreshToken: body.refresh_token };
}
