/** Calls about subscriptions, as partners make them. The user is `u1` unless another one is given. */
import { allPages } from "./lists.ts";
import type { Answer } from "./answer.ts";
import type { RequestHeaders } from "./answer.ts";
import type { Portico } from "./portico.ts";
import { eventually } from "./waiting.ts";

export interface Sent {
  readonly headers?: RequestHeaders;
  readonly user?: string;
}

/** The period of a subscription as the history shows it. */
export const termOf = ({ duration, startsAt, expiresAt }: any) => ({ duration, startsAt, expiresAt });

export function subscriptionCalls({ call }: Pick<Portico, "call">) {
  const create = (token: string, fields: object = {}, { headers = {}, user = "u1" }: Sent = {}): Promise<Answer> => {
    const json = { externalUserId: user, userEmail: `${user}@example.com`, duration: "P1M", ...fields };
    return call("POST", "/v1/subscriptions", { token, json, headers });
  };

  const extend = (token: string, fields: object = {}, { headers = {}, user = "u1" }: Sent = {}): Promise<Answer> =>
    call("PUT", `/v1/subscriptions/${user}`, { token, json: { duration: "P1M", ...fields }, headers });

  const read = (token: string, user = "u1") => call("GET", `/v1/subscriptions/${user}`, { token });

  const cancel = (token: string, { headers = {}, user = "u1" }: Sent = {}) =>
    call("DELETE", `/v1/subscriptions/${user}`, { token, headers });

  async function history(token: string, user = "u1", limit = 100): Promise<any[][]> {
    return await allPages((cursor) => {
      const place = cursor === undefined ? "" : `&cursor=${cursor}`;
      return call("GET", `/v1/subscriptions/${user}/history?limit=${limit}${place}`, { token });
    });
  }

  /** Creates a subscription that ends a moment later, and waits until it has expired. */
  async function createExpired(token: string, user = "u1"): Promise<any> {
    let answer: Answer | undefined;
    for (let aheadMs = 250; answer?.status !== 201 && aheadMs < 60_000; aheadMs *= 2) {
      const expiresAt = new Date(Date.now() + aheadMs).toISOString();
      answer = await create(token, { expiresAt, duration: "P1D" }, { user });
    }
    const expired = await eventually(
      () => read(token, user),
      ({ body }) => body.status === "expired",
    );
    return expired.body;
  }

  return { create, extend, read, cancel, historyPages: history, createExpired, history: flat(history) };
}

const flat = (pages: (token: string, user?: string) => Promise<any[][]>) => {
  return async (token: string, user?: string): Promise<any[]> => (await pages(token, user)).flat();
};
