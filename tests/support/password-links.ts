/** Calls about one-time links for passwords. */
import type { Answer, RequestHeaders } from "./answer.ts";
import type { Portico } from "./portico.ts";

export function passwordLinkCalls(portico: Portico) {
  const link = (token: string, userId: string, headers: RequestHeaders = {}): Promise<Answer> =>
    portico.call("POST", `/v1/users/${userId}/password-reset`, { token, headers });

  /** The token of a new link, made by root. */
  async function newLink(userId: string): Promise<string> {
    const { status, text, body } = await link(await portico.rootToken(), userId);
    if (status !== 200) throw new Error(`no link made: ${text}`);
    return body.token;
  }

  const reset = (token: string, newPassword: string): Promise<Answer> =>
    portico.call("POST", "/v1/auth/password-reset", { json: { token, newPassword } });

  return { link, newLink, reset };
}
