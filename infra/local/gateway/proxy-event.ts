/** Makes the events that a REST API passes to its functions (payload format 1.0). */
import { randomBytes, randomUUID } from "node:crypto";
import { droppedFromRequest } from "./headers.ts";
import type { ApiModel } from "../template/deployment-model.ts";
import type { ResponseVariables } from "./gateway-responses.ts";
import type { Match } from "./router.ts";

type Single = Readonly<Record<string, string>>;
type Multi = Readonly<Record<string, readonly string[]>>;

/** Lambda's quota of 6 MB for a synchronous event or answer. */
export const maxEventBytes = 6 * 1024 * 1024;

/** A request before it is routed. */
export interface GatewayRequest {
  readonly method: string;
  /** Percent-encoded, without query; always begins with a slash. */
  readonly path: string;
  readonly headers: Single;
  readonly multiValueHeaders: Multi;
  readonly query: Single;
  readonly multiValueQuery: Multi;
  readonly sourceIp: string;
  readonly protocol: string;
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly receivedAt: Date;
}

/** The single form has the last value, as in API Gateway. */
function collect(pairs: Iterable<readonly [string, string]>): { readonly single: Single; readonly multi: Multi } {
  const multi = new Map<string, string[]>();
  for (const [name, value] of pairs) multi.set(name, [...(multi.get(name) ?? []), value]);
  const single = [...multi].map(([name, values]) => [name, values.at(-1) ?? ""] as const);
  // `Object.fromEntries` keeps even a member named `__proto__`.
  return { single: Object.fromEntries(single), multi: Object.fromEntries(multi) };
}

function decodeQuery(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced; // API Gateway passes on text that it cannot decode.
  }
}

function* queryPairs(query: string): Generator<readonly [string, string]> {
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    yield equals < 0
      ? [decodeQuery(part), ""]
      : [decodeQuery(part.slice(0, equals)), decodeQuery(part.slice(equals + 1))];
  }
}

const respelled = new Map(["Authorization", "Host", "User-Agent"].map((name) => [name.toLowerCase(), name]));

function* headerPairs(raw: readonly string[]): Generator<readonly [string, string]> {
  const spelling = new Map<string, string>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [name, value] = raw.slice(index, index + 2) as [string, string];
    const lower = name.toLowerCase();
    if (droppedFromRequest.has(lower)) continue;
    // Different spellings are one header. Three headers reach functions in a fixed spelling.
    if (!spelling.has(lower)) spelling.set(lower, respelled.get(lower) ?? name);
    yield [spelling.get(lower) as string, value];
  }
}

/** The part of `http.IncomingMessage` that events are made from. */
export interface RequestHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined; readonly localPort?: number | undefined };
}

/** Reads a request without its body. */
export function readRequest(request: RequestHead): GatewayRequest {
  const target = (request.url ?? "/").replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").split("#")[0] ?? "";
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = collect(queryPairs(mark < 0 ? "" : target.slice(mark + 1)));
  const sourceIp = request.socket.remoteAddress ?? "127.0.0.1";
  const forwarded = request.headers["x-forwarded-for"];
  const headers = collect(
    (function* () {
      yield* [...headerPairs(request.rawHeaders)].filter(
        ([name]) => !/^x-forwarded-(for|port|proto)$|^x-amzn-trace-id$/i.test(name),
      );
      yield [
        "X-Amzn-Trace-Id",
        `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString("hex")}`,
      ] as const;
      yield ["X-Forwarded-For", forwarded === undefined ? sourceIp : `${String(forwarded)}, ${sourceIp}`] as const;
      yield ["X-Forwarded-Port", String(request.socket.localPort ?? 0)] as const;
      yield ["X-Forwarded-Proto", "http"] as const;
    })(),
  );
  return {
    method: request.method ?? "GET",
    path: path.startsWith("/") ? path : `/${path}`,
    headers: headers.single,
    multiValueHeaders: headers.multi,
    query: query.single,
    multiValueQuery: query.multi,
    sourceIp,
    protocol: `HTTP/${request.httpVersion}`,
    requestId: randomUUID(),
    extendedRequestId: `${randomBytes(9).toString("base64url")}=`,
    receivedAt: new Date(),
  };
}

/** A header in any spelling. */
export function header(request: GatewayRequest, name: string): string | undefined {
  const lower = name.toLowerCase();
  return Object.entries(request.headers).find(([spelled]) => spelled.toLowerCase() === lower)?.[1];
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `20/Nov/2026:12:00:00 +0000` */
function commonLogTime(date: Date): string {
  const [day, time] = date.toISOString().split("T") as [string, string];
  const [year, month, dayOfMonth] = day.split("-");
  return `${dayOfMonth}/${months[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}

export function methodArnOf(api: ApiModel, request: GatewayRequest): string {
  return `arn:aws:execute-api:${api.region}:${api.accountId}:${api.id}/${api.stage}/${request.method}${request.path}`;
}

function requestContext(api: ApiModel, request: GatewayRequest, { route }: Match): Record<string, unknown> {
  return {
    resourceId: route.resourceId,
    resourcePath: route.resourcePath,
    httpMethod: request.method,
    extendedRequestId: request.extendedRequestId,
    requestTime: commonLogTime(request.receivedAt),
    path: request.path,
    accountId: api.accountId,
    protocol: request.protocol,
    stage: api.stage,
    domainPrefix: api.id,
    requestTimeEpoch: request.receivedAt.getTime(),
    requestId: request.requestId,
    identity: {
      cognitoIdentityPoolId: null,
      accountId: null,
      cognitoIdentityId: null,
      caller: null,
      sourceIp: request.sourceIp,
      principalOrgId: null,
      accessKey: null,
      cognitoAuthenticationType: null,
      cognitoAuthenticationProvider: null,
      userArn: null,
      userAgent: header(request, "user-agent") ?? null,
      user: null,
    },
    domainName: header(request, "host") ?? "localhost",
    deploymentId: "local",
    apiId: api.id,
  };
}

const orNull = <T extends object>(value: T): T | null => (Object.keys(value).length === 0 ? null : value);

function common(api: ApiModel, request: GatewayRequest, match: Match): Record<string, unknown> {
  return {
    resource: match.route.resourcePath,
    path: request.path,
    httpMethod: request.method,
    headers: request.headers,
    multiValueHeaders: request.multiValueHeaders,
    queryStringParameters: orNull(request.query),
    multiValueQueryStringParameters: orNull(request.multiValueQuery),
    pathParameters: orNull(match.pathParameters),
    stageVariables: api.stageVariables ?? null,
  };
}

/** The event of a REQUEST authorizer. */
export function authorizerEvent(api: ApiModel, request: GatewayRequest, match: Match): Record<string, unknown> {
  return {
    type: "REQUEST",
    methodArn: methodArnOf(api, request),
    ...common(api, request, match),
    requestContext: requestContext(api, request, match),
  };
}

/** Whether a media type is one of the API's binary ones; `*` stands for any type or subtype. */
export function isBinary(api: ApiModel, mediaType: string | undefined): boolean {
  const [type, subtype] = (mediaType ?? "").split(";")[0]?.trim().toLowerCase().split("/") ?? [];
  return api.binaryMediaTypes.some((binary) => {
    const [wantedType, wantedSubtype] = binary.toLowerCase().split("/");
    return (wantedType === "*" || wantedType === type) && (wantedSubtype === "*" || wantedSubtype === subtype);
  });
}

export interface ProxyEventInput {
  readonly body: Buffer;
  /** Principal and context of the authorizer. */
  readonly authorizer: Readonly<Record<string, string | number>> | undefined;
}

/** The event of a Lambda proxy integration. */
export function proxyEvent(
  api: ApiModel,
  request: GatewayRequest,
  match: Match,
  { body, authorizer }: ProxyEventInput,
): Record<string, unknown> {
  const binary = body.length > 0 && isBinary(api, header(request, "content-type"));
  return {
    ...common(api, request, match),
    requestContext: { ...requestContext(api, request, match), ...(authorizer && { authorizer }) },
    // Invalid UTF-8 arrives as replacement characters.
    body: body.length === 0 ? null : body.toString(binary ? "base64" : "utf8"),
    isBase64Encoded: binary,
  };
}

/** The variables that gateway responses can use. */
export function responseVariables(api: ApiModel, request: GatewayRequest, match: Match | undefined): ResponseVariables {
  const texts = (source: Record<string, unknown>, prefix = ""): (readonly [string, string])[] =>
    Object.entries(source).flatMap(([name, value]) =>
      typeof value === "object" && value !== null
        ? texts(value as Record<string, unknown>, `${prefix}${name}.`)
        : value === null
          ? []
          : [[`${prefix}${name}`, String(value)] as const],
    );
  const unknown = { route: { resourceId: "", resourcePath: "" }, pathParameters: {} } as unknown as Match;
  return {
    context: Object.fromEntries(texts(requestContext(api, request, match ?? unknown))),
    request: {
      header: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value])),
      querystring: request.query,
      path: match?.pathParameters ?? {},
    },
  };
}
