/**
 * Answers as the services have answered before, so that a call can be repeated any number of times: a creation does not meet
 * what it has created. The function and the bare client get the same bytes.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { ServiceAnswer, ServiceCall } from "../../../infra/local/services/service-proxy.ts";
import { closeServer, readBody, startServer } from "../../../infra/local/support/loopback-http.ts";

/** A call of a function to a service, with its answer. */
export interface Exchange {
  readonly call: Pick<ServiceCall, "service" | "action" | "body">;
  readonly answer: ServiceAnswer;
}

export class ReplayServer {
  readonly url: string;
  readonly #server: Server;
  /** The answers to each action, in the order of the calls. */
  readonly #answers: ReadonlyMap<string, readonly ServiceAnswer[]>;
  readonly #next = new Map<string, number>();

  private constructor(server: Server, url: string, answers: ReadonlyMap<string, readonly ServiceAnswer[]>) {
    this.#server = server;
    this.url = url;
    this.#answers = answers;
  }

  static async start(exchanges: readonly Exchange[]): Promise<ReplayServer> {
    const answers = Map.groupBy(exchanges, ({ call }) => call.action);
    const { server, url } = await startServer((request, response) => void replay.#serve(request, response));
    const replay = new ReplayServer(
      server,
      url,
      new Map([...answers].map(([action, all]) => [action, all.map(({ answer }) => answer)])),
    );
    return replay;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await readBody(request);
    const action = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const { status, headers, body } = this.#answerTo(action);
    response.writeHead(status, { ...headers, "content-length": body.length }).end(body);
  }

  /** Each repetition of the whole call gets the same answers in the same order. */
  #answerTo(action: string): ServiceAnswer {
    const answers = this.#answers.get(action) ?? [];
    const turn = this.#next.get(action) ?? 0;
    this.#next.set(action, turn + 1);
    const answer = answers[turn % Math.max(1, answers.length)];
    const none = { status: 500, headers: {}, body: Buffer.from(`{"message":"${action} was not recorded"}`) };
    return answer ?? none;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await closeServer(this.#server);
  }
}
