/**
 * Answers as the services have answered before, so that a call can be repeated any number of times: a creation does not meet
 * what it has created. The function and the bare client get the same bytes.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { ServiceAnswer, ServiceCall } from "../../../infra/local/services/service-proxy.ts";
import type { RecordedCall } from "./bare-calls.ts";
import { closeServer, readBody, startServer } from "../../../infra/local/support/loopback-http.ts";

/** A call of a function to a service, with its answer. */
export interface Exchange {
  readonly call: Pick<ServiceCall, "service" | "action" | "body">;
  readonly answer: ServiceAnswer;
}

/** What a call is about: parallel reads come in any order, and a warm call leaves some out. */
function subjectOf(action: string, request: any): string {
  const { Key: key, SecretId: secret, TransactItems: items } = request;
  return JSON.stringify([action, key?.pk, key?.sk, secret, items?.length]);
}

export class ReplayServer {
  readonly url: string;
  readonly #server: Server;
  /** The answers to each action on each item, in the order of the calls. */
  readonly #answers: ReadonlyMap<string, readonly ServiceAnswer[]>;
  readonly #next = new Map<string, number>();
  /** Receives what is asked of the table. */
  #requests: RecordedCall[] | undefined;

  private constructor(server: Server, url: string, answers: ReadonlyMap<string, readonly ServiceAnswer[]>) {
    this.#server = server;
    this.url = url;
    this.#answers = answers;
  }

  static async start(exchanges: readonly Exchange[]): Promise<ReplayServer> {
    const answers = Map.groupBy(exchanges, ({ call }) => subjectOf(call.action, call.body));
    const { server, url } = await startServer((request, response) => void replay.#serve(request, response));
    const replay = new ReplayServer(
      server,
      url,
      new Map([...answers].map(([subject, all]) => [subject, all.map(({ answer }) => answer)])),
    );
    return replay;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(String(await readBody(request))) as unknown;
    const [api = "", action = ""] = String(request.headers["x-amz-target"]).split(".");
    if (api.startsWith("DynamoDB")) this.#requests?.push({ action, request: body });
    const { status, headers, body: answer } = this.#answerTo(subjectOf(action, body));
    response.writeHead(status, { ...headers, "content-length": answer.length }).end(answer);
  }

  /** What is asked of the table while some work is done. */
  async requestsDuring(work: () => Promise<unknown>): Promise<readonly RecordedCall[]> {
    const requests: RecordedCall[] = [];
    this.#requests = requests;
    await work();
    this.#requests = undefined;
    return requests;
  }

  /** Each repetition of the whole call gets the same answers in the same order. */
  #answerTo(subject: string): ServiceAnswer {
    // A key with the time in it is another one by now; an answer to the same action is as long.
    const action = subject.slice(0, subject.indexOf(","));
    const alike = () => [...this.#answers].find(([recorded]) => recorded.startsWith(`${action},`))?.[1];
    const answers = this.#answers.get(subject) ?? alike() ?? [];
    const turn = this.#next.get(subject) ?? 0;
    this.#next.set(subject, turn + 1);
    const answer = answers[turn % Math.max(1, answers.length)];
    const none = { status: 500, headers: {}, body: Buffer.from(`{"message":"a call was not recorded"}`) };
    return answer ?? none;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await closeServer(this.#server);
  }
}
