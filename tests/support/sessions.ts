/** Calls of people about their sessions, and the states that a session can be in. */
import { expectTokenRefused } from "./expect-problem.ts";
import { expectOAuthError, logged } from "./oauth-answers.ts";
import { refresh, refreshed, type TestSession } from "./people.ts";
import type { Answer } from "./answer.ts";
import type { Portico } from "./portico.ts";

export const newPassword = "a longer ride on a blue bicycle";

/** The same refresh token with one part replaced, by default with one that differs in its first character. */
export function tampered(
  refreshToken: string,
  part: "user" | "session" | "generation" | "secret",
  value?: string,
): string {
  const parts = refreshToken.split(".");
  const index = ["user", "session", "generation", "secret"].indexOf(part);
  const given = parts[index]!;
  parts[index] = value ?? `${given.startsWith("0") ? "1" : "0"}${given.slice(1)}`;
  return parts.join(".");
}

/** The lines that were logged about a request, once the last of them has arrived. */
export async function linesOf(portico: Portico, answer: Answer): Promise<readonly string[]> {
  await logged(portico, [answer]);
  return portico.logs.filter((line) => line.includes(answer.headers.get("x-request-id")!));
}

/** The codes that were logged about a request. */
export async function codesOf(portico: Portico, answer: Answer): Promise<readonly string[]> {
  return (await linesOf(portico, answer)).map((line) => String((JSON.parse(line) as { code?: unknown }).code));
}

export function sessionCalls(portico: Portico) {
  const { call } = portico;

  /** A request that every active access token of a user may make. */
  const present = (token: string): Promise<Answer> => call("GET", "/v1/users/me", { token });

  const changePassword = (token: string, currentPassword: string, chosen = newPassword): Promise<Answer> =>
    call("POST", "/v1/users/me/password", { token, json: { currentPassword, newPassword: chosen } });

  const revoke = (token: string, form: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    call("POST", "/oauth/revoke", { form: { token, client_id: "web", ...form } });

  /** Both tokens of the session are refused. */
  async function expectOver({ accessToken, refreshToken }: TestSession): Promise<void> {
    expectTokenRefused(await present(accessToken), "token_revoked");
    expectOAuthError(await refresh(portico, refreshToken), 400, "invalid_grant");
  }

  /** Both tokens of the session work. */
  async function expectAlive({ accessToken, refreshToken }: TestSession): Promise<void> {
    expect((await present(accessToken)).status).toBe(200);
    const next = await refreshed(portico, refreshToken);
    expect((await present(next.accessToken)).status).toBe(200);
  }

  return { present, changePassword, revoke, expectOver, expectAlive };
}
