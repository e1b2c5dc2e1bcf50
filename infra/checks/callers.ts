/** Callers of a local host that a check makes for itself: the administrator, partners and people. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Host } from "../local/host.ts";

/** Credentials of a partner (RFC 6749 §2.3.1). */
export interface PartnerCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface SignIn {
  readonly username: string;
  readonly password: string;
}

type Answer = Readonly<Record<string, string>>;

/** @throws Error when the host refuses. It names no more than path and status, because an answer may repeat a secret */
export async function post(host: Host, path: string, body: object | URLSearchParams, token?: string): Promise<Answer> {
  const isForm = body instanceof URLSearchParams;
  const response = await fetch(`${host.url}${path}`, {
    method: "POST",
    headers: {
      ...(!isForm && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: isForm ? body : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path} answers ${response.status}`);
  return response.status === 204 ? {} : ((await response.json()) as Answer);
}

/** @throws Error when the template makes no root user */
export function administratorOf(host: Host): SignIn {
  if (host.rootSignIn === undefined) throw new Error("the template makes no root user");
  return host.rootSignIn;
}

/** @returns an access token */
export async function signIn(host: Host, credentials: SignIn): Promise<string> {
  const { accessToken = "" } = await post(host, "/v1/auth/login", credentials);
  return accessToken;
}

/** @returns an access token */
export async function partnerToken(host: Host, { clientId, clientSecret }: PartnerCredentials): Promise<string> {
  const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
  return (await post(host, "/oauth/token", new URLSearchParams(form)))["access_token"] ?? "";
}

/** Registers a partner. @param token of the administrator */
export async function registerPartner(host: Host, token: string): Promise<PartnerCredentials> {
  const fields = { name: "Check", websiteUrl: "https://check.example", email: `${randomUUID()}@check.example` };
  const { clientId = "", clientSecret = "" } = await post(host, "/v1/partners", fields, token);
  return { clientId, clientSecret };
}

const randomText = (): string => randomBytes(16).toString("hex");

/** Creates a person who has credit and has replaced the one-time password. @param token of the administrator */
export async function createPerson(host: Host, token: string, username = randomText()): Promise<SignIn> {
  const first = randomText();
  const password = randomText();
  await post(host, "/v1/users", { username, name: "Check", password: first, credit: 1000 }, token);
  const ownToken = await signIn(host, { username, password: first });
  await post(host, "/v1/users/me/password", { currentPassword: first, newPassword: password }, ownToken);
  return { username, password };
}
