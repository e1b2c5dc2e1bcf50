/** Requests to the OAuth endpoints, and what their answers have in common. */
import { setImmediate } from "node:timers/promises";
import type { Answer } from "./answer.ts";
import type { CallOptions, Portico, TestPartner } from "./portico.ts";

export const allScopes =
  "subscriptions:read subscriptions:write companies:read companies:write events:read webhooks:read webhooks:write partner:manage";

export function allScopesExcept(scope: string): string {
  return allScopes
    .split(" ")
    .filter((other) => other !== scope)
    .join(" ");
}

export const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
export const jwtType = "urn:ietf:params:oauth:token-type:jwt";
export const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

/** Expects an error response of RFC 6749 §5.2. */
export function expectOAuthError(answer: Answer, status: number, error: string): void {
  expect({ status: answer.status, body: answer.body }).toEqual({
    status,
    // The characters that §5.2 allows in a description.
    body: { error, error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/) },
  });
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.headers.get("cache-control")).toBe("no-store");
}

/** Expects `invalid_client`; API Gateway renames the challenge header of RFC 7235. */
export function expectInvalidClient(answer: Answer): void {
  expectOAuthError(answer, 401, "invalid_client");
  expect(answer.headers.get("x-amzn-remapped-www-authenticate")).toMatch(/^Basic realm="/);
}

export function basic(clientId: string, clientSecret: string): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
}

export function credentials({ id, secret }: Pick<TestPartner, "id" | "secret">): Record<string, string> {
  return { client_id: id, client_secret: secret };
}

/** Every visible ASCII character, among them those that a header, a form or a URL treats specially; not in their order. */
export const awkwardSecret = String.fromCharCode(
  ...Array.from({ length: 0x7e - 0x21 + 1 }, (_, index) => 0x21 + ((index * 37) % 94)),
);

/** Requests for an access token with the grant `client_credentials`. */
export function tokenRequests({ call }: Portico) {
  const requestToken = (form: Readonly<Record<string, string>>, options: CallOptions = {}): Promise<Answer> =>
    call("POST", "/oauth/token", { form: { grant_type: "client_credentials", ...form }, ...options });

  const requestWithBasic = (
    clientId: string,
    clientSecret: string,
    form: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => requestToken(form, { headers: { authorization: basic(clientId, clientSecret) } });

  const requestRaw = (raw: string, contentType = "application/x-www-form-urlencoded"): Promise<Answer> =>
    call("POST", "/oauth/token", { raw, headers: { "content-type": contentType } });

  return { requestToken, requestWithBasic, requestRaw };
}

/** A token exchange by the public client `web`; a parameter that is `undefined` is left out. */
export async function exchange(
  portico: Portico,
  subjectToken: string,
  parameters: Readonly<Record<string, string | undefined>> = {},
): Promise<Answer> {
  const all = {
    grant_type: tokenExchange,
    client_id: "web",
    subject_token: subjectToken,
    subject_token_type: jwtType,
    ...parameters,
  };
  const form = Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => !!entry[1]));
  return await portico.call("POST", "/oauth/token", { form });
}

/** A new session of a user of the identity provider. */
export async function externalSession(
  portico: Portico,
  subject: string,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly accessToken: string; readonly refreshToken: string }> {
  const answer = await exchange(portico, await identityProviderOf(portico).token(subject, claims));
  if (answer.status !== 200) throw new Error(`no session begun: ${answer.text}`);
  return { accessToken: answer.body.access_token, refreshToken: answer.body.refresh_token };
}

export function identityProviderOf({ host }: Portico): NonNullable<Portico["host"]["idp"]> {
  if (host.idp === undefined) throw new Error("the host has no identity provider");
  return host.idp;
}

/** Resolves when the last log line of each of these requests has arrived. */
export async function logged({ logs }: Portico, answers: readonly Answer[]): Promise<void> {
  const ids = answers.map(({ headers }) => headers.get("x-request-id")!);
  // The authorizer writes the only line of a call that it refuses.
  const isLast = (line: string, id: string) => line.includes(id) && /request_served|token_refused/.test(line);
  while (!ids.every((id) => logs.some((line) => isLast(line, id)))) await setImmediate();
}
