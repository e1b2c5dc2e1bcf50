/**
 * The one way from the functions to engine and secrets. It knows which function calls by the access key in the request's
 * signature, and passes every call through an ordered list of interceptors.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { messageOf } from "../support/errors.ts";
import { engineAccessKey } from "./dynamodb-engine.ts";
import { closeServer, readBody, startServer, Upstream } from "../support/loopback-http.ts";
import type { SecretsStub } from "./secrets-manager.ts";

export type ServiceName = "dynamodb" | "secretsmanager";

/** One call of a function to an AWS service. */
export interface ServiceCall {
  /** ARN of the calling function. */
  readonly functionId: string;
  readonly service: ServiceName;
  /** As the API names it: `GetItem`, `GetSecretValue`. */
  readonly action: string;
  /** The parsed JSON request; parsed when it is first read. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * Stands between a call and its answer: may answer itself (an `errorAnswer`), change what the rest answers, wait, call `next`
 * and lose the answer, or throw `ConnectionReset`. Calls `next` at most once.
 */
export type Interceptor = (call: ServiceCall, next: () => Promise<ServiceAnswer>) => Promise<ServiceAnswer>;

/** Thrown by an interceptor: the caller's connection is cut without an answer. */
export class ConnectionReset extends Error {
  override readonly name = "ConnectionReset";
}

/**
 * An error as the service itself would answer it.
 *
 * @param code AWS's name, e.g. `ThrottlingException`
 * @param more further members, e.g. `CancellationReasons`
 */
export function errorAnswer(
  code: string,
  message: string,
  status = 400,
  more: Readonly<Record<string, unknown>> = {},
): ServiceAnswer {
  const type = code.includes("#") ? code : `com.amazonaws.dynamodb.v20120810#${code}`;
  return jsonAnswer(status, { __type: type, message, Message: message, ...more });
}

function jsonAnswer(status: number, body: Readonly<Record<string, unknown>>): ServiceAnswer {
  return { status, headers: { "content-type": "application/x-amz-json-1.0" }, body: Buffer.from(JSON.stringify(body)) };
}

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface ProxyOptions {
  readonly engineEndpoint: string;
  readonly secrets: SecretsStub;
  readonly interceptors?: readonly Interceptor[];
}

const services: readonly (readonly [prefix: string, service: ServiceName])[] = [
  ["DynamoDB_20120810.", "dynamodb"],
  ["secretsmanager.", "secretsmanager"],
];
const credential = /Credential=([^/]+)\//;

export class Proxy {
  readonly url: string;
  readonly #server: Server;
  readonly #engine: Upstream;
  readonly #secrets: SecretsStub;
  readonly #interceptors: readonly Interceptor[];
  readonly #keys = new Map<string, AccessKey>();
  readonly #functions = new Map<string, string>();

  private constructor(server: Server, url: string, { engineEndpoint, secrets, interceptors = [] }: ProxyOptions) {
    this.#server = server;
    this.url = url;
    this.#engine = new Upstream(engineEndpoint);
    this.#secrets = secrets;
    this.#interceptors = interceptors;
  }

  /** Starts a proxy on a free port of 127.0.0.1. */
  static async start(options: ProxyOptions): Promise<Proxy> {
    const { server, url } = await startServer((request, response) => void proxy.#serve(request, response));
    const proxy = new Proxy(server, url, options);
    return proxy;
  }

  /** The access key of a function; made when it is first asked for, so that no function can know another's. */
  keyOf(functionId: string): AccessKey {
    const known = this.#keys.get(functionId);
    if (known !== undefined) return known;
    const key = {
      accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: randomBytes(48).toString("base64"),
    };
    this.#keys.set(functionId, key);
    this.#functions.set(key.accessKeyId, functionId);
    return key;
  }

  async close(): Promise<void> {
    await closeServer(this.#server);
    this.#engine.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = (await readBody(request)) ?? Buffer.alloc(0);
      const answer = await this.#answer(request, body);
      response.writeHead(answer.status, { ...answer.headers, "content-length": answer.body.length });
      response.end(answer.body);
    } catch (error) {
      if (error instanceof ConnectionReset || response.headersSent) {
        request.socket.resetAndDestroy();
        return;
      }
      const { status, headers, body } = errorAnswer("InternalServerError", `local host: ${messageOf(error)}`, 500);
      response.writeHead(status, headers).end(body);
    }
  }

  async #answer(request: IncomingMessage, body: Buffer): Promise<ServiceAnswer> {
    const authorization = request.headers.authorization ?? "";
    const functionId = this.#functions.get(credential.exec(authorization)?.[1] ?? "");
    if (functionId === undefined)
      return errorAnswer("UnrecognizedClientException", "The security token included in the request is invalid.");
    const target = String(request.headers["x-amz-target"] ?? "");
    const [prefix, service] = services.find(([start]) => target.startsWith(start)) ?? [];
    if (prefix === undefined || service === undefined) {
      return errorAnswer(
        "UnknownOperationException",
        `the local host has no service for the target ${JSON.stringify(target)}`,
      );
    }
    let parsed: ServiceCall["body"] | undefined;
    const call: ServiceCall = {
      functionId,
      service,
      action: target.slice(prefix.length),
      get body() {
        return (parsed ??= JSON.parse(body.toString() || "{}") as ServiceCall["body"]);
      },
    };
    const last = (): Promise<ServiceAnswer> =>
      service === "dynamodb" ? this.#forward(request, body) : this.#askSecrets(call);
    return this.#interceptors.reduceRight<() => Promise<ServiceAnswer>>(
      (next, intercept) => () => intercept(call, next),
      last,
    )();
  }

  async #forward(request: IncomingMessage, body: Buffer): Promise<ServiceAnswer> {
    const {
      status,
      headers,
      body: answer,
    } = await this.#engine.post(
      {
        "content-type": request.headers["content-type"] ?? "application/x-amz-json-1.0",
        "x-amz-target": String(request.headers["x-amz-target"]),
        "x-amz-date": String(request.headers["x-amz-date"] ?? ""),
        authorization: String(request.headers.authorization).replace(credential, `Credential=${engineAccessKey}/`),
      },
      body,
    );
    const { connection: _connection, "keep-alive": _keepAlive, "transfer-encoding": _encoding, ...kept } = headers;
    return { status, headers: kept, body: answer };
  }

  async #askSecrets(call: ServiceCall): Promise<ServiceAnswer> {
    const { status, body } = this.#secrets.answer(call.action, call.body);
    const answer = jsonAnswer(status, body);
    return { ...answer, headers: { "content-type": "application/x-amz-json-1.1" } };
  }
}
