/**
 * Stands in for API Gateway's REST API: an HTTP server that finds the method, asks its authorizer, invokes its function and
 * answers. It does not apply the template's throttling and quotas.
 */
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Invocation } from "../lambda/function-pool.ts";
import type { AccessLine } from "../services/request-journal.ts";
import { LocalHostError, messageOf } from "../support/errors.ts";
import { closeServer, listen, readBody } from "../support/loopback-http.ts";
import type { ApiModel, AuthorizerModel } from "../template/deployment-model.ts";
import { authorize, type Authorization } from "./authorizer-policy.ts";
import { errorVariables, gatewayResponse, type GatewayResponseType } from "./gateway-responses.ts";
import { readProxyAnswer, writeAnswer, writeProxyAnswer } from "./proxy-answer.ts";
import {
  authorizerEvent,
  header,
  maxEventBytes,
  methodArnOf,
  proxyEvent,
  readRequest,
  responseVariables,
  type GatewayRequest,
  type RequestHead,
} from "./proxy-event.ts";
import { PathMalformed, Router, type Match } from "./router.ts";

/** What the server currently serves. */
export interface Serving {
  readonly api: ApiModel;
  readonly invoke: (functionId: string, event: unknown) => Promise<Invocation>;
}

/** API Gateway's payload quota of 10 MB. */
const maxPayloadBytes = 10 * 1024 * 1024;
/** Request line and headers together. */
const maxHeaderBytes = 10_240;

interface RoutedApi extends Serving {
  readonly router: Router;
  /** Requests that began with this API and have not ended. */
  readonly running: Set<Promise<void>>;
}

/** Ends a request with a gateway response. */
class RequestRefused extends Error {
  readonly type: GatewayResponseType;
  readonly status: number | undefined;
  /** Further `$context` variables, such as `authorizer.code`. */
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

export class RestApiServer {
  readonly #server: Server;
  readonly #report: (line: string) => void;
  readonly #answered: (line: AccessLine) => void;
  #serving: RoutedApi | undefined;
  /** Stage variables that were set by hand, as with `UpdateStage`: they outlast a deployment. */
  #variables: Readonly<Record<string, string>> = {};

  /**
   * @param report receives one line for each fault that a caller sees only as a 5xx
   * @param answered receives what the access log says of each request
   */
  constructor(
    report: (line: string) => void = () => undefined,
    answered: (line: AccessLine) => void = () => undefined,
  ) {
    this.#report = report;
    this.#answered = answered;
    // Node's own answers to bad requests have no body; `Host` is checked below. A caller on a busy machine may pause for longer
    // than Node's five seconds, and would write into a connection that is just being closed.
    this.#server = createServer(
      { maxHeaderSize: 2 * maxHeaderBytes, requireHostHeader: false, keepAliveTimeout: 75_000 },
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

  /**
   * Serves an API from now on. Running requests end with the API that they began with.
   *
   * @returns settles when every request of the previous API has ended
   */
  serve(serving: Serving): Promise<unknown> {
    const before = this.#serving;
    this.#serving = { ...serving, router: new Router(serving.api.routes), running: new Set() };
    return Promise.all(before === undefined ? [] : [...before.running]);
  }

  /** Sets a variable of the stage beside those of the template. Requests that begin from now on get it. */
  setStageVariable(name: string, value: string): void {
    this.#variables = { ...this.#variables, [name]: value };
  }

  /** Accepts no further connections, and answers the running requests. */
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
      const answer = this.#answer(serving, incoming, response);
      // A failure is reported below; here it only ends the request.
      const ended = answer.catch(() => undefined).finally(() => serving.running.delete(ended));
      serving.running.add(ended);
      await answer;
    } catch (error) {
      this.#report(`gateway: ${messageOf(error)}`);
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { "content-type": "application/json" }).end('{"message":"Internal server error"}');
    }
  }

  async #answer(serving: RoutedApi, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { api, router } = serving;
    const request = readRequest(incoming);
    let match: Match | undefined;
    let gatewayError: string | undefined;
    response.once("close", () =>
      this.#answered(accessLine(request, match, { status: response.statusCode, gatewayError })),
    );
    try {
      checkHeaders(incoming);
      const body = await readBody(incoming, maxPayloadBytes).catch(() => undefined);
      if (incoming.destroyed && !incoming.complete) return;
      if (body === undefined) throw new RequestRefused("REQUEST_TOO_LARGE");
      match = router.match(request.method, request.path);
      if (match === undefined) throw new RequestRefused("MISSING_AUTHENTICATION_TOKEN");
      const { functionId, integrationTimeoutMilliseconds } = match.route;
      const event = await this.#event(serving, request, match, body);
      const invocation = await within(integrationTimeoutMilliseconds, serving.invoke(functionId, event));
      writeProxyAnswer(response, api, request, this.#read(functionId, invocation));
    } catch (error) {
      const refused =
        error instanceof PathMalformed ? new RequestRefused("DEFAULT_4XX", { message: "Bad Request" }) : error;
      if (!(refused instanceof RequestRefused)) throw error;
      const { type, status, message } = refused;
      gatewayError = type;
      const variables = responseVariables(api, request, match);
      const context = { ...variables.context, ...errorVariables(type, message || undefined), ...refused.context };
      const answer = gatewayResponse(type, api.gatewayResponses, { ...variables, context }, status);
      writeAnswer(response, request, answer);
    }
  }

  /**
   * The event that a function would get for a request, after authorization.
   *
   * @throws LocalHostError for a request that API Gateway itself would refuse
   */
  async eventOf(head: RequestHead, body: Buffer): Promise<Record<string, unknown>> {
    const serving = this.#serving;
    if (serving === undefined) throw new LocalHostError("the local host serves no API yet");
    const request = readRequest(head);
    const match = serving.router.match(request.method, request.path);
    if (match === undefined) throw new LocalHostError(`the API has no ${request.method} ${request.path}`);
    try {
      return await this.#event(serving, request, match, body);
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      throw new LocalHostError(`API Gateway refuses the request: ${error.type}`);
    }
  }

  async #event(
    serving: RoutedApi,
    request: GatewayRequest,
    match: Match,
    body: Buffer,
  ): Promise<Record<string, unknown>> {
    const { authorizer } = match.route;
    const { api } = serving;
    const stageVariables =
      Object.keys(this.#variables).length === 0 ? api.stageVariables : { ...api.stageVariables, ...this.#variables };
    const stage = { ...serving, api: { ...api, stageVariables } };
    const authorized = authorizer && (await this.#authorize(stage, authorizer, request, match));
    const event = proxyEvent(stage.api, request, match, { body, authorizer: authorized });
    if (Buffer.byteLength(JSON.stringify(event)) > maxEventBytes) throw new RequestRefused("REQUEST_TOO_LARGE");
    return event;
  }

  /** @returns the content of `requestContext.authorizer` */
  async #authorize(
    serving: RoutedApi,
    { functionId, identitySources }: AuthorizerModel,
    request: GatewayRequest,
    match: Match,
  ): Promise<Readonly<Record<string, string | number>>> {
    if (identitySources.some((source) => !sourceOf(request, source))) throw new RequestRefused("UNAUTHORIZED");
    const started = performance.now();
    const invocation = await serving.invoke(functionId, authorizerEvent(serving.api, request, match));
    if ("failure" in invocation) {
      // The one error with which an authorizer can answer 401.
      if (invocation.failure.errorMessage === "Unauthorized") throw new RequestRefused("UNAUTHORIZED");
      this.#report(`${functionId}: ${invocation.failure.errorType}: ${invocation.failure.errorMessage}`);
      throw new RequestRefused("AUTHORIZER_FAILURE");
    }
    let authorization: Authorization;
    try {
      authorization = authorize(JSON.parse(invocation.payload), methodArnOf(serving.api, request));
    } catch (error) {
      this.#report(`${functionId}: ${messageOf(error)}`);
      throw new RequestRefused("AUTHORIZER_CONFIGURATION_ERROR");
    }
    const { allowed, principalId, context } = authorization;
    if (!allowed) throw denial(authorization);
    return { principalId, integrationLatency: Math.round(performance.now() - started), ...context };
  }

  /** AWS answers a failing function and a malformed answer alike: DEFAULT_5XX with 502. */
  #read(functionId: string, invocation: Invocation | "timeout"): ReturnType<typeof readProxyAnswer> {
    if (invocation === "timeout") throw new RequestRefused("INTEGRATION_TIMEOUT");
    try {
      if ("failure" in invocation)
        throw new Error(`${invocation.failure.errorType}: ${invocation.failure.errorMessage}`);
      return readProxyAnswer(invocation.payload);
    } catch (error) {
      this.#report(`${functionId}: ${messageOf(error)}`);
      throw new RequestRefused("DEFAULT_5XX");
    }
  }
}

function accessLine(
  { requestId, receivedAt, method, path }: GatewayRequest,
  match: Match | undefined,
  answer: Pick<AccessLine, "status" | "gatewayError">,
): AccessLine {
  return {
    requestId,
    time: receivedAt.toISOString(),
    method,
    path,
    resource: match?.route.resourcePath,
    latencyMilliseconds: Date.now() - receivedAt.getTime(),
    ...answer,
  };
}

function checkHeaders({ rawHeaders, headers, url = "", httpVersion }: IncomingMessage): void {
  const headerBytes = rawHeaders.reduce((sum, text) => sum + text.length + 2, url.length);
  if (headerBytes > maxHeaderBytes) {
    throw new RequestRefused("DEFAULT_4XX", { status: 431, message: "Request Header Fields Too Large" });
  }
  if (headers.host === undefined && httpVersion === "1.1") {
    throw new RequestRefused("DEFAULT_4XX", { message: "Host is missing" });
  }
}

/** The value of an identity source such as `method.request.header.Authorization`. */
function sourceOf(request: GatewayRequest, source: string): string | undefined {
  const [, kind, name = ""] = /^method\.request\.(header|querystring)\.(.+)$/.exec(source) ?? [];
  return kind === "header" ? header(request, name) : request.query[name];
}

function denial({ explicitDeny, principalId, context }: Authorization): RequestRefused {
  const variables = Object.entries({ principalId, ...context }).map(([name, value]) => [`authorizer.${name}`, value]);
  return new RequestRefused("ACCESS_DENIED", {
    context: Object.fromEntries(variables) as Record<string, string>,
    message: `User is not authorized to access this resource${explicitDeny ? " with an explicit deny" : ""}`,
  });
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | "timeout"> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<"timeout">((resolve) => (timer = setTimeout(resolve, milliseconds, "timeout")));
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

/** Answers bytes that are no HTTP request. */
function answerRaw(socket: Socket, status: number): void {
  if (!socket.writable) return;
  const body = JSON.stringify({ message: STATUS_CODES[status] });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}
