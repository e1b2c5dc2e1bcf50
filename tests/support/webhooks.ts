/** A partner's server that receives webhooks, and calls about webhook endpoints. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Answer, RequestHeaders } from "./answer.ts";
import type { Portico } from "./portico.ts";
import { eventually } from "./waiting.ts";

/** A webhook as it has arrived. */
export interface ReceivedWebhook {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  /** The parsed body. */
  readonly event: any;
}

/** What the receiver answers to a webhook: a status, or whatever the function writes. */
export type Reply = (received: ReceivedWebhook) => number | ((response: ServerResponse) => void);

export class Receiver {
  readonly received: ReceivedWebhook[] = [];
  /** Answers 204 unless a test says otherwise. */
  reply: Reply = () => 204;
  readonly #server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const headers = request.headers as Record<string, string>;
      const webhook = { path: request.url ?? "", headers, body, event: JSON.parse(body) };
      this.received.push(webhook);
      const reply = this.reply(webhook);
      if (typeof reply === "number") response.writeHead(reply).end();
      else reply(response);
    });
  });

  /** A server for the tests of a file. */
  static forFile(): Receiver {
    const receiver = new Receiver();
    beforeAll(() => new Promise<void>((listening) => receiver.#server.listen(0, "127.0.0.1", listening)));
    afterAll(async () => {
      receiver.#server.closeAllConnections();
      await new Promise((closed) => receiver.#server.close(closed));
    });
    return receiver;
  }

  url(path = "/"): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** The webhooks at a path, as soon as there are as many. */
  async at(path: string, count = 1): Promise<readonly ReceivedWebhook[]> {
    const read = () => Promise.resolve(this.received.filter((received) => received.path === path));
    return await eventually(read, (found) => found.length >= count);
  }
}

export function webhookCalls(portico: Portico) {
  const { call } = portico;
  const collection = "/v1/webhook-endpoints";
  const pathOf = (id: string) => `${collection}/${id}`;

  const create = (token: string, json: object, headers: RequestHeaders = {}): Promise<Answer> =>
    call("POST", collection, { token, json, headers });

  return {
    create,
    /** A new partner with an endpoint. */
    partnerWithEndpoint: async (fields: object) => {
      const partner = await portico.partnerWithToken();
      const { body, status, text } = await create(partner.token, fields);
      if (status !== 201) throw new Error(`no endpoint created: ${text}`);
      return { ...partner, partnerId: partner.id, endpoint: body, endpointId: body.id as string };
    },
    list: (token: string, query = "") => call("GET", `${collection}${query}`, { token }),
    read: (token: string, id: string) => call("GET", pathOf(id), { token }),
    change: (token: string, id: string, json: object, headers: RequestHeaders = {}) =>
      call("PATCH", pathOf(id), { token, json, headers }),
    remove: (token: string, id: string, headers: RequestHeaders = {}) => call("DELETE", pathOf(id), { token, headers }),
    rotate: (token: string, id: string, json?: object, headers: RequestHeaders = {}) =>
      call("POST", `${pathOf(id)}/secret`, { token, json, headers }),
    test: (token: string, id: string, headers: RequestHeaders = {}) =>
      call("POST", `${pathOf(id)}/test`, { token, headers }),
    deliveries: (token: string, id: string, query = "") => call("GET", `${pathOf(id)}/deliveries${query}`, { token }),
    redeliver: (token: string, id: string, deliveryId: string, headers: RequestHeaders = {}) =>
      call("POST", `${pathOf(id)}/deliveries/${deliveryId}/redeliver`, { token, headers }),
  };
}

/** A well-formed id of nothing. */
export const unknownEndpointId = "whe_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";
