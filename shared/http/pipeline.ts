/**
 * What serving has in common, whatever an operation needs: the chain of middleware, the request, and how an outcome becomes
 * an answer. What needs the table or secrets is in `serve.ts`, so that only the bundles that use it carry the SDK.
 */
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import type { Deadline } from "../runtime/retry.ts";
import type { Answer, Call, ServedEvent } from "./request-context.ts";
import { isCurrent, type Content } from "./content.ts";
import { basePathOf, readEnvironment, type Environment } from "../runtime/environment.ts";
import { answerHeaders } from "./middleware/answer-headers.ts";
import { body } from "./middleware/body.ts";
import { observation } from "./middleware/observation.ts";
import { problems } from "./middleware/problems.ts";
import { rights } from "./middleware/rights.ts";
import { validation } from "./middleware/validation.ts";
import type { AnyOperation } from "../contract/operation.ts";
import type { Principal } from "../contract/principal.ts";
import { unavailable } from "../domain/problems.ts";

/** What every operation is given: the validated request, who calls, and the time. */
export interface ValidRequest<Path, Query, Body> {
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  /** The caller. @throws Error in a public operation, which has none */
  readonly principal: Principal;
  /** The same moment for everything in this call. */
  readonly now: Date;
  readonly requestId: string;
  /** `If-Match` as sent. */
  readonly ifMatch: string | undefined;
  readonly environment: Environment;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
}

/** What an operation decided to answer. */
export interface Outcome<Body> {
  /** Left out where the declared success has no body. */
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
 * The Lambda handler of an operation: the middleware that all of them have, around what is done with a valid call.
 *
 * @param handle is told the moment after which no attempt at another service may begin
 * @throws Error at start, for an environment that lacks what the operation declares
 */
export function chain(operation: AnyOperation, handle: (call: Call, deadline: Deadline) => Promise<Answer>) {
  const environment = readEnvironment(process.env, operation.secrets);
  return middy<ServedEvent, Answer>({
    timeoutEarlyInMillis: reserveMs / 2,
    timeoutEarlyResponse: () => {
      throw unavailable();
    },
  })
    .use([observation(operation, environment), answerHeaders(), problems(), rights(), body(), validation()])
    .handler(({ call }: ServedEvent, context: Context) =>
      handle(call, Date.now() + context.getRemainingTimeInMillis() - reserveMs),
    );
}

/** A call as its operation sees it; validation has made path, query and body what the declaration says. */
export function requestOf<Path, Query, Body>(call: Call): ValidRequest<Path, Query, Body> {
  return {
    path: call.path as Path,
    query: call.query as Query,
    body: call.body as Body,
    get principal() {
      if (call.principal === undefined) throw new Error("a public operation has no principal");
      return call.principal;
    },
    now: call.now,
    requestId: call.requestId,
    ifMatch: call.header("if-match"),
    environment: call.environment,
    header: (name) => call.header(name),
  };
}

/** The answer that an outcome declared as success becomes. */
export function answerOf(call: Call, outcome: Outcome<unknown>): Answer {
  if (outcome.content !== undefined) return contentAnswer(call, outcome.content, outcome.headers);
  const { operation, environment } = call;
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

/** A page or a file, or 304 for a caller that has it (RFC 9110 §15.4.5). */
function contentAnswer(call: Call, { type, text, etag, policy }: Content, headers: Outcome<never>["headers"]): Answer {
  if (isCurrent(etag, call.header("if-none-match")))
    return { statusCode: 304, headers: { etag, ...headers }, body: "" };
  return {
    statusCode: call.operation.success.status,
    headers: {
      "content-type": type,
      etag,
      ...(policy !== undefined && { "content-security-policy": policy }),
      ...headers,
    },
    body: text,
  };
}
