/**
 * Stands in for the AWS endpoints that functions call. It knows the calling function by the access key in the request's
 * signature, and passes every call through an ordered list of interceptors.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { messageOf } from "../support/errors.ts";
import { closeServer, readBody, startServer, Upstream } from "../support/loopback-http.ts";
import { engineAccessKey } from "./dynamodb-engine.ts";

export type ServiceName = "dynamodb" | "secretsmanager" | "sqs" | "events";

/** A call of a function to an AWS service. */
export interface ServiceCall {
  /** ARN of the calling function. */
  readonly functionId: string;
  readonly service: ServiceName;
  /** AWS's name: `GetItem`, `GetSecretValue`. */
  readonly action: string;
  /** Root of the trace of the invocation, as the SDK on Lambda sends it; undefined outside an invocation. */
  readonly traceRoot: string | undefined;
  /** The JSON request; parsed on first use. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * Stands between a call and its answer. It may answer itself (`errorAnswer`), change the answer, wait, call `next` and lose the
 * answer, or throw `ConnectionReset`. It calls `next` at most once.
 */
export type Interceptor = (call: ServiceCall, next: () => Promise<ServiceAnswer>) => Promise<ServiceAnswer>;

/** Thrown by an interceptor to cut the caller's connection without an answer. */
export class ConnectionReset extends Error {
  override readonly name = "ConnectionReset";
}

/**
 * An error as the service itself answers it.
 *
 * @param code AWS's name, such as `ThrottlingException`
 * @param more further members, such as `CancellationReasons`
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

function jsonAnswer(
  status: number,
  body: Readonly<Record<string, unknown>>,
  service: ServiceName = "dynamodb",
): ServiceAnswer {
  return { status, headers: { "content-type": contentTypeOf(service) }, body: Buffer.from(JSON.stringify(body)) };
}

/** The version of AWS's JSON protocol that a service speaks. */
export function contentTypeOf(service: ServiceName): string {
  const isFirst = service === "dynamodb" || service === "sqs";
  return `application/x-amz-json-${isFirst ? "1.0" : "1.1"}`;
}

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** A service of the host itself. */
interface Answering {
  answer(
    action: string,
    request: Readonly<Record<string, unknown>>,
  ): { readonly status: number; readonly body: Readonly<Record<string, unknown>> };
}

export interface ServiceProxyOptions {
  readonly engineEndpoint: string;
  readonly secrets: Answering;
  readonly queues: Answering;
  readonly buses: Answering;
  /** Called after each call that may have changed the table. */
  readonly onWrite?: () => void;
  /** The first one is the outermost. */
  readonly interceptors?: readonly Interceptor[];
}

const targetPrefixes: Readonly<Record<string, ServiceName>> = {
  DynamoDB_20120810: "dynamodb",
  secretsmanager: "secretsmanager",
  AmazonSQS: "sqs",
  AWSEvents: "events",
};
const writingActions = new Set(["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"]);
const credential = /Credential=([^/]+)\//;

export class ServiceProxy {
  readonly url: string;
  readonly #server: Server;
  readonly #engine: Upstream;
  readonly #services: Readonly<Record<Exclude<ServiceName, "dynamodb">, Answering>>;
  readonly #onWrite: () => void;
  readonly #interceptors: readonly Interceptor[];
  readonly #keys = new Map<string, AccessKey>();
  /** Access key id → ARN of the function. */
  readonly #functions = new Map<string, string>();

  private constructor(
    server: Server,
    url: string,
    { engineEndpoint, secrets, queues, buses, onWrite = () => undefined, interceptors = [] }: ServiceProxyOptions,
  ) {
    this.#server = server;
    this.url = url;
    this.#engine = new Upstream(engineEndpoint);
    this.#services = { secretsmanager: secrets, sqs: queues, events: buses };
    this.#onWrite = onWrite;
    this.#interceptors = interceptors;
  }

  /** Starts a proxy on a free port of 127.0.0.1. */
  static async start(options: ServiceProxyOptions): Promise<ServiceProxy> {
    const { server, url } = await startServer((request, response) => void proxy.#serve(request, response));
    const proxy = new ServiceProxy(server, url, options);
    return proxy;
  }

  /** The access key of a function. It is random, so that no function can know the key of a different one. */
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
    const functionId = this.#functions.get(credential.exec(request.headers.authorization ?? "")?.[1] ?? "");
    if (functionId === undefined) {
      return errorAnswer("UnrecognizedClientException", "The security token included in the request is invalid.");
    }
    const target = String(request.headers["x-amz-target"] ?? "");
    const [prefix = "", action = ""] = target.split(".");
    const service = targetPrefixes[prefix];
    if (service === undefined) {
      const message = `the local host has no service for the target ${JSON.stringify(target)}`;
      return errorAnswer("UnknownOperationException", message);
    }
    const [traceRoot] = /Root=[0-9a-f-]+/.exec(String(request.headers["x-amzn-trace-id"] ?? "")) ?? [];
    const call = callOf({ functionId, service, action, traceRoot }, body);
    const last = (): Promise<ServiceAnswer> =>
      service === "dynamodb" ? this.#forward(request, action, body) : this.#ask(service, call);
    return this.#interceptors.reduceRight<() => Promise<ServiceAnswer>>(
      (next, intercept) => () => intercept(call, next),
      last,
    )();
  }

  async #forward({ headers }: IncomingMessage, action: string, body: Buffer): Promise<ServiceAnswer> {
    const answer = await this.#engine.post(
      {
        "content-type": headers["content-type"] ?? "application/x-amz-json-1.0",
        "x-amz-target": String(headers["x-amz-target"]),
        "x-amz-date": String(headers["x-amz-date"] ?? ""),
        authorization: String(headers.authorization).replace(credential, `Credential=${engineAccessKey}/`),
      },
      body,
    );
    if (writingActions.has(action)) this.#onWrite();
    const {
      connection: _connection,
      "keep-alive": _keepAlive,
      "transfer-encoding": _encoding,
      ...kept
    } = answer.headers;
    return { ...answer, headers: kept };
  }

  async #ask(service: Exclude<ServiceName, "dynamodb">, { action, body }: ServiceCall): Promise<ServiceAnswer> {
    const answer = this.#services[service].answer(action, body);
    return jsonAnswer(answer.status, answer.body, service);
  }
}

function callOf(head: Omit<ServiceCall, "body">, body: Buffer): ServiceCall {
  let parsed: ServiceCall["body"] | undefined;
  return {
    ...head,
    get body() {
      return (parsed ??= JSON.parse(body.toString() || "{}") as ServiceCall["body"]);
    },
  };
}
