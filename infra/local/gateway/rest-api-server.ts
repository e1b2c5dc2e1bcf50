/**
 * The REST API on one machine: an HTTP server that finds the method, asks its authorizer, invokes its function and answers
 * as API Gateway does. Throttling and quotas of the template are not applied.
 */
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { codingOf, compress } from "./compression.ts";
import { messageOf } from "../support/errors.ts";
import {
  authorizerEvent,
  header,
  isBinary,
  methodArnOf,
  proxyEvent,
  readRequest,
  responseVariables,
  type GatewayRequest,
} from "./proxy-event.ts";
import type { Invocation } from "../lambda/function-pool.ts";
import { errorVariables, gatewayResponse, type GatewayAnswer, type GatewayResponseType } from "./gateway-responses.ts";
import { answerHeaderName } from "./headers.ts";
import { closeServer, listen, readBody } from "../support/loopback-http.ts";
import { isObject, type Json } from "../template/template-reader.ts";
import type { ApiModel, AuthorizerModel } from "../template/read-deployment.ts";
import { authorize } from "./authorizer-policy.ts";
import { PathMalformed, Router, type Match } from "./router.ts";

/** What the gateway serves at the moment. */
export interface Serving {
  readonly api: ApiModel;
  readonly invoke: (functionId: string, event: unknown) => Promise<Invocation>;
}

export interface GatewayOptions {
  /** Told of faults that a caller only sees as a 5xx: a failing function, a malformed answer. One line each. */
  readonly report?: (line: string) => void;
}

/** 10 MB: API Gateway's payload quota. */
const payloadLimitBytes = 10 * 1024 * 1024;
/** Lambda's own quota for a synchronous event or answer. */
const eventLimitBytes = 6 * 1024 * 1024;
/** Request line and headers together. */
const headerLimitBytes = 10_240;

/** Ends a request with a gateway response. */
class Refused extends Error {
  readonly type: GatewayResponseType;
  readonly status: number | undefined;
  /** Further `$context` variables, e.g. `authorizer.code`. */
  readonly context: Readonly<Record<string, string>>;
  constructor(
    type: GatewayResponseType,
    options: { status?: number; context?: Readonly<Record<string, string>>; message?: string } = {},
  ) {
    super(options.message);
    this.type = type;
    this.status = options.status;
    this.context = options.context ?? {};
  }
}

export class Gateway {
  readonly #server: Server;
  readonly #report: (line: string) => void;
  #serving: (Serving & { readonly router: Router }) | undefined;

  constructor({ report = () => undefined }: GatewayOptions = {}) {
    this.#report = report;
    // Node's own answers to bad requests have no body; `Host` is checked below.
    this.#server = createServer(
      { maxHeaderSize: 2 * headerLimitBytes, requireHostHeader: false },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
      answerRaw(socket, error.code === "HPE_HEADER_OVERFLOW" ? 431 : 400);
    });
    this.#server.on("connect", (_request, socket: Socket) => answerRaw(socket, 400));
  }

  /**
   * @param port 0 takes a free one
   * @returns the port taken on 127.0.0.1
   * @throws LocalHostError when it is in use
   */
  async listen(port: number): Promise<number> {
    return listen(this.#server, port);
  }

  /** Serves an API from now on; requests under way end with what they began with. */
  serve(serving: Serving): void {
    this.#serving = { ...serving, router: new Router(serving.api.routes) };
  }

  /** Takes no further connections; requests under way are still answered. */
  stopAccepting(): void {
    if (this.#server.listening) this.#server.close();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await closeServer(this.#server);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    incoming.on("error", () => undefined);
    response.on("error", () => undefined);
    try {
      const serving = this.#serving;
      if (serving === undefined) {
        response.writeHead(503, { "retry-after": "1" }).end();
        return;
      }
      await this.#answer(serving, incoming, response);
    } catch (error) {
      this.#report(`gateway: ${messageOf(error)}`);
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { "content-type": "application/json" }).end('{"message":"Internal server error"}');
    }
  }

  async #answer(
    serving: Serving & { readonly router: Router },
    incoming: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { api, router } = serving;
    const request = readRequest(incoming);
    let match: Match | undefined;
    try {
      const headerBytes = incoming.rawHeaders.reduce((sum, text) => sum + text.length + 2, (incoming.url ?? "").length);
      if (headerBytes > headerLimitBytes)
        throw new Refused("DEFAULT_4XX", { status: 431, message: "Request Header Fields Too Large" });
      if (incoming.headers.host === undefined && incoming.httpVersion === "1.1")
        throw new Refused("DEFAULT_4XX", { message: "Host is missing" });
      const body = await readBody(incoming, payloadLimitBytes).catch(() => undefined);
      if (incoming.destroyed && !incoming.complete) return;
      if (body === undefined) throw new Refused("REQUEST_TOO_LARGE");
      match = router.match(request.method, request.path);
      if (match === undefined) throw new Refused("MISSING_AUTHENTICATION_TOKEN");
      const { authorizer, functionId, integrationTimeoutMilliseconds } = match.route;
      const authorized = authorizer && (await this.#authorize(serving, authorizer, request, match));
      const event = proxyEvent(api, request, match, body, authorized);
      if (Buffer.byteLength(JSON.stringify(event)) > eventLimitBytes) throw new Refused("REQUEST_TOO_LARGE");
      const invocation = await within(integrationTimeoutMilliseconds, serving.invoke(functionId, event));
      writeProxyAnswer(response, api, request, this.#parse(functionId, invocation));
    } catch (error) {
      const refused = error instanceof PathMalformed ? new Refused("DEFAULT_4XX", { message: "Bad Request" }) : error;
      if (!(refused instanceof Refused)) throw error;
      const variables = responseVariables(api, request, match);
      const context = {
        ...variables.context,
        ...errorVariables(refused.type, refused.message || undefined),
        ...refused.context,
      };
      writeGatewayAnswer(
        response,
        request,
        gatewayResponse(refused.type, api.gatewayResponses, { ...variables, context }, refused.status),
      );
    }
  }

  /** @returns what `requestContext.authorizer` holds */
  async #authorize(
    serving: Serving,
    { functionId, identitySources }: AuthorizerModel,
    request: GatewayRequest,
    match: Match,
  ): Promise<Readonly<Record<string, string | number>>> {
    const sourceOf = (source: string): string | undefined => {
      const [, kind, name = ""] = /^method\.request\.(header|querystring)\.(.+)$/.exec(source) ?? [];
      return kind === "header" ? header(request, name) : request.query[name];
    };
    if (identitySources.some((source) => !sourceOf(source))) throw new Refused("UNAUTHORIZED");
    const started = performance.now();
    const invocation = await serving.invoke(functionId, authorizerEvent(serving.api, request, match));
    if ("failure" in invocation) {
      // The one error by which an authorizer can say 401.
      if (invocation.failure.errorMessage === "Unauthorized") throw new Refused("UNAUTHORIZED");
      this.#report(`${functionId}: ${invocation.failure.errorType}: ${invocation.failure.errorMessage}`);
      throw new Refused("AUTHORIZER_FAILURE");
    }
    let authorization;
    try {
      authorization = authorize(JSON.parse(invocation.payload), methodArnOf(serving.api, request));
    } catch (error) {
      this.#report(`${functionId}: ${messageOf(error)}`);
      throw new Refused("AUTHORIZER_CONFIGURATION_ERROR");
    }
    const { allowed, explicitDeny, principalId, context } = authorization;
    if (!allowed) {
      const prefixed = Object.entries({ principalId, ...context }).map(
        ([name, value]) => [`authorizer.${name}`, value] as const,
      );
      const suffix = explicitDeny ? " with an explicit deny" : "";
      throw new Refused("ACCESS_DENIED", {
        context: Object.fromEntries(prefixed),
        message: `User is not authorized to access this resource${suffix}`,
      });
    }
    return { principalId, integrationLatency: Math.round(performance.now() - started), ...context };
  }

  /** AWS answers a failing function and a malformed answer alike, as DEFAULT_5XX with 502. */
  #parse(functionId: string, invocation: Invocation | "timeout"): ProxyAnswer {
    if (invocation === "timeout") throw new Refused("INTEGRATION_TIMEOUT");
    if ("failure" in invocation) {
      this.#report(`${functionId}: ${invocation.failure.errorType}: ${invocation.failure.errorMessage}`);
      throw new Refused("DEFAULT_5XX");
    }
    const answer = readProxyAnswer(invocation.payload);
    if (typeof answer === "string") {
      this.#report(`${functionId}: malformed Lambda proxy response: ${answer}`);
      throw new Refused("DEFAULT_5XX");
    }
    return answer;
  }
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | "timeout"> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<"timeout">((resolve) => (timer = setTimeout(resolve, milliseconds, "timeout")));
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

interface ProxyAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, values: readonly string[]])[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

const answerMembers = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];
const validHeader = ([name, values]: readonly [string, readonly string[]]): boolean =>
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && values.every((value) => !/[^\t\x20-\x7e\x80-\xff]/.test(value));

/** The parsed answer of a Lambda proxy integration, or what is wrong with it. */
export function readProxyAnswer(payload: string): ProxyAnswer | string {
  if (Buffer.byteLength(payload) > eventLimitBytes) return "it is larger than 6 MB";
  const answer: unknown = JSON.parse(payload);
  if (!isObject(answer)) return "it is not an object";
  const unknown = Object.keys(answer).find((member) => !answerMembers.includes(member));
  if (unknown !== undefined) return `unknown member ${unknown}`;
  const { statusCode = 200, headers, multiValueHeaders, body, isBase64Encoded = false } = answer;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return `statusCode ${String(statusCode)}`;
  if (body !== undefined && body !== null && typeof body !== "string") return "body is not a string";
  const single = scalars(headers, (value) => [value]);
  const multi = scalars(multiValueHeaders, (value) => (Array.isArray(value) ? (value as readonly Json[]) : undefined));
  if (single === undefined || multi === undefined) return "headers are not strings";
  const merged = new Map<string, readonly [string, readonly string[]]>();
  for (const [name, values] of [...single, ...multi]) {
    const earlier = merged.get(name.toLowerCase());
    merged.set(name.toLowerCase(), earlier ? [earlier[0], [...new Set([...earlier[1], ...values])]] : [name, values]);
  }
  const wrong = [...merged.values()].find((entry) => !validHeader(entry));
  if (wrong !== undefined) return `header ${wrong[0]} is not valid`;
  return { status, headers: [...merged.values()], body: body ?? "", isBase64Encoded: isBase64Encoded === true };
}

function scalars(
  headers: Json | undefined,
  valuesOf: (value: Json) => readonly Json[] | undefined,
): readonly (readonly [string, readonly string[]])[] | undefined {
  if (headers === undefined || headers === null) return [];
  if (!isObject(headers)) return undefined;
  const entries = Object.entries(headers).map(
    ([name, value]) => [name, value === undefined ? undefined : valuesOf(value)] as const,
  );
  const valid = (values: readonly Json[] | undefined): values is readonly (string | number | boolean)[] =>
    values?.every((value) => ["string", "number", "boolean"].includes(typeof value)) ?? false;
  return entries.every(([, values]) => valid(values))
    ? entries.map(([name, values]) => [name, (values ?? []).map(String)] as const)
    : undefined;
}

function writeProxyAnswer(response: ServerResponse, api: ApiModel, request: GatewayRequest, answer: ProxyAnswer): void {
  const accepted = header(request, "accept")?.split(",")[0];
  // Without a binary media type in `Accept`, AWS passes the base64 text on as it is.
  const body =
    answer.isBase64Encoded && isBinary(api, accepted) ? Buffer.from(answer.body, "base64") : Buffer.from(answer.body);
  const headers = answer.headers.flatMap(([name, values]) => {
    const visible = answerHeaderName(name);
    return visible === undefined ? [] : values.map((value) => [visible, value] as const);
  });
  const has = (wanted: string): boolean => headers.some(([name]) => name.toLowerCase() === wanted);
  const { minimumCompressionSize = Number.POSITIVE_INFINITY } = api;
  const compressible = body.length > 0 && body.length >= minimumCompressionSize && !has("content-encoding");
  const coding = compressible ? codingOf(header(request, "accept-encoding")) : undefined;
  write(
    response,
    request,
    answer.status,
    [
      ...(has("content-type") ? [] : [["Content-Type", "application/json"] as const]),
      ...headers,
      ...(coding === undefined ? [] : [["Content-Encoding", coding] as const]),
    ],
    coding === undefined ? body : compress(coding, body),
  );
}

function writeGatewayAnswer(response: ServerResponse, request: GatewayRequest, answer: GatewayAnswer): void {
  write(response, request, answer.status, answer.headers, Buffer.from(answer.body));
}

function write(
  response: ServerResponse,
  request: GatewayRequest,
  status: number,
  headers: readonly (readonly [string, string])[],
  body: Buffer,
): void {
  const own = [
    ["x-amzn-RequestId", request.requestId],
    ["x-amz-apigw-id", request.extendedRequestId],
  ] as const;
  for (const [name, value] of [...own, ...headers]) response.appendHeader(name, value);
  // A 204 and a 304 have no body and so no length (RFC 9110 §8.6).
  if (status !== 204 && status !== 304) response.setHeader("content-length", body.length);
  response.writeHead(status).end(body);
}

/** Answers what is not HTTP enough to have become a request. */
function answerRaw(socket: Socket, status: number): void {
  if (!socket.writable) return;
  const body = JSON.stringify({ message: STATUS_CODES[status] });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}
