/** Users created by root, and their sessions. */
import { randomUUID } from "node:crypto";
import type { StoredUser } from "../../shared/users/model.ts";
import type { Answer } from "./answer.ts";
import { planting } from "./outside.ts";
import type { CrowdMember } from "./planting.ts";
import type { Portico } from "./portico.ts";

export type { CrowdMember };

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
  await (await planting()).plantPasswordChoice(portico.host, body.id);
  if (role === "admin") await changeUser(portico, body.id, { role });
  return { id: body.id, username: body.username, password: json["password"] as string };
}

/** New users without passwords, written to the table: fast, because nothing has to be hashed. @param credit of each */
export async function plantUsers(portico: Portico, count: number, credit = 0): Promise<readonly StoredUser[]> {
  return await (await planting()).plantUsers(portico.host, count, credit);
}

/** New users with access tokens that are signed here: fast, because nobody signs in. @param credit of each */
export async function plantCrowd(portico: Portico, count: number, credit = 0): Promise<readonly CrowdMember[]> {
  return await (await planting()).plantCrowd(portico.host, count, credit);
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
