/**
 * What serving any operation has in common: the middleware, the validated request, and the step from an outcome to an
 * answer. `serve.ts` adds the table and the secrets, so that only bundles that use them carry the SDK.
 */
import middy from "@middy/core";
import type { APIGatewayProxyEvent, Context } from "aws-lambda";
import type { AnyOperation } from "../contract/operation.ts";
import type { Principal } from "../contract/principal.ts";
import { unavailable } from "../domain/problems.ts";
import { basePathOf, readEnvironment, type Environment } from "../runtime/environment.ts";
import { requireGatewayEvent } from "../runtime/gateway-event.ts";
import type { Deadline } from "../runtime/retry.ts";
import { isCurrent, type Content } from "./content.ts";
import { answerHeaders } from "./middleware/answer-headers.ts";
import { body } from "./middleware/body.ts";
import { limits } from "./middleware/limits.ts";
import { observation } from "./middleware/observation.ts";
import { problems } from "./middleware/problems.ts";
import { rights } from "./middleware/rights.ts";
import { validation } from "./middleware/validation.ts";
import { writeStop } from "./middleware/write-stop.ts";
import type { Answer, RequestContext, ServedEvent } from "./request-context.ts";

/** The validated request, as every operation gets it. */
export interface ValidRequest<Path, Query, Body> {
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  /** The caller. @throws Error in a public operation, which has none */
  readonly principal: Principal;
  /** One moment for everything in this request. */
  readonly now: Date;
  readonly requestId: string;
  /** The caller's network address as the gateway saw it. */
  readonly sourceIp: string;
  /** `If-Match` as sent. */
  readonly ifMatch: string | undefined;
  readonly environment: Environment;
  /** Name of the release that serves the request. */
  readonly release: string;
  /** Whether the stage is read-only. Operations that write are refused before they run, except those that are declared to go on. */
  readonly isReadOnly: boolean;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** Every value of a header by its lower-case name. */
  readonly headerValues: (name: string) => readonly string[];
}

/** The answer that an operation decides on. */
export interface Outcome<Body> {
  /** Absent where the declared success has no body. */
  readonly body?: Body;
  /** A page or a file instead of the body. */
  readonly content?: Content;
  /** Path of the resource that was created. */
  readonly location?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Time kept back at the end of an invocation for the answer, in milliseconds. */
const reserveMs = 750;

/**
 * The Lambda handler of an operation: the middleware around `handle`, which gets a valid request.
 *
 * @param handle gets the deadline after which no call to another service may begin
 * @throws Error at start, for an environment that lacks what the operation declares
 */
export function pipeline(
  operation: AnyOperation,
  handle: (context: RequestContext, deadline: Deadline) => Promise<Answer>,
) {
  const environment = readEnvironment(process.env, operation.secrets);
  const served = middy<ServedEvent, Answer>({
    timeoutEarlyInMillis: reserveMs / 2,
    timeoutEarlyResponse: () => {
      throw unavailable();
    },
  })
    .use([
      observation(operation, environment),
      answerHeaders(),
      problems(),
      limits(),
      rights(),
      writeStop(),
      body(),
      validation(),
    ])
    .handler(({ context }: ServedEvent, invocation: Context) =>
      handle(context, Date.now() + invocation.getRemainingTimeInMillis() - reserveMs),
    );
  return async (event: APIGatewayProxyEvent, invocation: Context): Promise<Answer> => {
    // Before the middleware, whose error path needs the request context that is made of the event.
    requireGatewayEvent(event, operation.id);
    return await served(event as ServedEvent, invocation);
  };
}

/** The request as its operation sees it. Validation has given path, query and body their declared types. */
export function requestOf<Path, Query, Body>(context: RequestContext): ValidRequest<Path, Query, Body> {
  return {
    path: context.path as Path,
    query: context.query as Query,
    body: context.body as Body,
    get principal() {
      if (context.principal === undefined) throw new Error("a public operation has no principal");
      return context.principal;
    },
    now: context.now,
    requestId: context.requestId,
    sourceIp: context.sourceIp,
    ifMatch: context.header("if-match"),
    environment: context.environment,
    release: context.release,
    isReadOnly: context.readOnly === true,
    header: (name) => context.header(name),
    headerValues: (name) => context.headerValues(name),
  };
}

/** The answer of the declared success. */
export function answerOf(context: RequestContext, outcome: Outcome<unknown>): Answer {
  if (outcome.content !== undefined) return contentAnswer(context, outcome.content, outcome.headers);
  const { operation, environment } = context;
  const { body, location } = outcome;
  const etag = (body as { etag?: string } | undefined)?.etag;
  return {
    statusCode: operation.success.status,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(etag !== undefined && { etag }),
      ...(location !== undefined && { location: `${basePathOf(environment)}${location}` }),
      ...outcome.headers,
    },
    body: body === undefined ? "" : JSON.stringify(body),
  };
}

/** A page or a file, or 304 for a caller that has the current version (RFC 9110 §15.4.5). */
function contentAnswer(
  context: RequestContext,
  { type, text, etag, policy }: Content,
  headers: Outcome<never>["headers"],
): Answer {
  if (isCurrent(etag, context.header("if-none-match"))) {
    return { statusCode: 304, headers: { etag, ...headers }, body: "" };
  }
  return {
    statusCode: context.operation.success.status,
    headers: {
      "content-type": type,
      etag,
      ...(policy !== undefined && {
        "content-security-policy": policy,
        "cross-origin-opener-policy": "same-origin",
      }),
      ...headers,
    },
    body: text,
  };
}
