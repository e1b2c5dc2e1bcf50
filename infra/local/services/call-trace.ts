/** Stands between one function and the host's services, and notes every call with its cost. */
import type { Server } from "node:http";
import { closeServer, readBody, startServer, Upstream } from "../support/loopback-http.ts";
import type { ServiceAnswer, ServiceName } from "./service-proxy.ts";

/** One call of a function to an AWS service. */
export interface TracedCall {
  /** AWS's name: `GetItem`, `GetSecretValue`. */
  readonly action: string;
  /** Partition and sort keys of the items, or the id of the secret. */
  readonly subjects: readonly string[];
  readonly milliseconds: number;
  /** Read and write units of the table and its indexes; undefined for other services. */
  readonly units: number | undefined;
  /** `ok`, or the error's name. */
  readonly result: string;
}

interface Attribute {
  readonly S?: string;
}
type Members = Readonly<Record<string, unknown>>;

export class CallTrace {
  /** Base URL for the function's calls. */
  readonly url: string;
  readonly calls: TracedCall[] = [];
  readonly #server: Server;
  readonly #upstream: Upstream;

  private constructor(url: string, server: Server, upstream: Upstream) {
    this.url = url;
    this.#server = server;
    this.#upstream = upstream;
  }

  /** @param endpoint base URL of the host's services */
  static async start(endpoint: string): Promise<CallTrace> {
    const upstream = new Upstream(endpoint);
    const { server, url } = await startServer((request, response) => {
      void (async () => {
        const body = (await readBody(request)) ?? Buffer.alloc(0);
        const answer = await trace.#pass(request.headers as Readonly<Record<string, string>>, body);
        response.writeHead(answer.status, { ...answer.headers, "content-length": answer.body.length });
        response.end(answer.body);
      })().catch(() => request.socket.resetAndDestroy());
    });
    const trace = new CallTrace(url, server, upstream);
    return trace;
  }

  async close(): Promise<void> {
    await closeServer(this.#server);
    this.#upstream.close();
  }

  async #pass(
    headers: Readonly<Record<string, string>>,
    body: Buffer,
  ): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: Buffer }> {
    const [prefix = "", action = ""] = (headers["x-amz-target"] ?? "").split(".");
    const isTable = prefix.startsWith("DynamoDB");
    const sent = JSON.parse(body.toString()) as Members;
    const text = isTable ? JSON.stringify({ ...sent, ReturnConsumedCapacity: "TOTAL" }) : body;
    const started = performance.now();
    const answer = await this.#upstream.post(headers, text);
    const milliseconds = performance.now() - started;
    const got = JSON.parse(answer.body.toString() || "{}") as Members;
    this.calls.push({
      action,
      subjects: subjectsOf(isTable ? "dynamodb" : "secretsmanager", sent),
      milliseconds,
      units: isTable && answer.status === 200 ? unitsOf(got["ConsumedCapacity"]) : undefined,
      result: callResult(answer),
    });
    return answer;
  }
}

/** The keys of the items that a call names, or the id of the secret. */
export function subjectsOf(service: ServiceName, request: Members): readonly string[] {
  return service === "dynamodb" ? keysOf(request) : [String(request["SecretId"] ?? "")];
}

/** `ok`, or the name of the error in a service's answer. */
export function callResult({ status, body }: Pick<ServiceAnswer, "status" | "body">): string {
  if (status === 200) return "ok";
  const { __type: type = status } = JSON.parse(body.toString() || "{}") as { readonly __type?: string };
  return String(type).split("#").at(-1) ?? "";
}

/** `pk / sk` of every item that a request names. */
function keysOf(request: Members): readonly string[] {
  const { Key: key, Item: item, TransactItems: transaction, RequestItems: batch } = request;
  if (key !== undefined || item !== undefined) return [keyText((key ?? item) as Members)];
  if (Array.isArray(transaction)) {
    return transaction.flatMap((part: Members) =>
      Object.entries(part).flatMap(([kind, write]) => keysOf(write as Members).map((name) => `${kind} ${name}`)),
    );
  }
  if (batch !== undefined) {
    return Object.values(batch as Members).flatMap((entry) =>
      Array.isArray(entry)
        ? entry.flatMap((part: Members) => Object.values(part).flatMap((write) => keysOf(write as Members)))
        : ((entry as { readonly Keys?: readonly Members[] }).Keys ?? []).map(keyText),
    );
  }
  const values = (request["ExpressionAttributeValues"] ?? {}) as Readonly<Record<string, Attribute>>;
  return [Object.values(values)[0]?.S ?? ""];
}

function keyText(item: Members): string {
  const text = (name: string) => (item[name] as Attribute | undefined)?.S ?? "";
  return `${text("pk")} / ${text("sk")}`;
}

function unitsOf(consumed: unknown): number {
  const list = (Array.isArray(consumed) ? consumed : [consumed]) as readonly ({ CapacityUnits?: number } | undefined)[];
  return list.reduce((sum, part) => sum + (part?.CapacityUnits ?? 0), 0);
}
