/** Calls about sandboxes, as partners make them. */
import type { Answer, RequestHeaders } from "./answer.ts";
import { allPages } from "./lists.ts";
import type { Portico, TestPartner } from "./portico.ts";

export interface TestSandbox {
  readonly live: TestPartner & { readonly token: string };
  readonly id: string;
  readonly secret: string;
  /** A token of the sandbox. */
  readonly token: string;
  /** What its clock showed at first. */
  readonly time: string;
}

export function sandboxCalls(portico: Portico) {
  const { call } = portico;

  /** The sandbox of a new partner, with a token. */
  async function startSandbox(json?: object): Promise<TestSandbox> {
    const live = await portico.partnerWithToken();
    const answer = await call("POST", "/v1/sandbox", { token: live.token, json });
    if (answer.status !== 201) throw new Error(`no sandbox created: ${answer.text}`);
    const { clientId: id, clientSecret: secret, testClock } = answer.body;
    return { live, id, secret, time: testClock.time, token: await portico.partnerToken({ id, secret }) };
  }

  const advance = (token: string, json: unknown, headers: RequestHeaders = {}): Promise<Answer> =>
    call("POST", "/v1/test-clock/advance", { token, json, headers });

  /** The events of subscriptions that time has brought, oldest first. */
  async function announced(token: string): Promise<any[]> {
    const pages = await allPages((cursor) =>
      call("GET", `/v1/events?limit=100${cursor === undefined ? "" : `&cursor=${cursor}`}`, { token }),
    );
    return pages
      .flat()
      .filter(({ request }: any) => request === null)
      .reverse();
  }

  return { startSandbox, advance, announced };
}
