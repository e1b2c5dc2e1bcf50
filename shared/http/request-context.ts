/** What the middleware knows of one request, from the gateway's event to the answer. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import type middy from "@middy/core";
import type { LimitState } from "../contract/limit-state.ts";
import type { AnyOperation } from "../contract/operation.ts";
import type { Principal } from "../contract/principal.ts";
import type { Environment } from "../runtime/environment.ts";
import type { Claim } from "./idempotency.ts";

export interface RequestContext {
  readonly operation: AnyOperation;
  readonly environment: Environment;
  readonly now: Date;
  /** Name of the release that serves the request. */
  readonly release: string;
  /** API Gateway's request id, a UUID: the one that the caller sees. */
  readonly requestId: string;
  /** The caller's network address as the gateway saw it. Headers are not trusted for it. */
  readonly sourceIp: string;
  /** The caller's own id, if it sent a usable one. */
  readonly correlationId: string | undefined;
  /** The ids in the path, for the log: see `targetOf`. */
  readonly targetId: string | undefined;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** Every value of a header by its lower-case name. */
  readonly headerValues: (name: string) => readonly string[];
  principal?: Principal | undefined;
  /** How the call stands against its partner's limits; absent for callers without limits. */
  readonly limitState?: LimitState | undefined;
  /** The stage accepts no changes. */
  readOnly?: boolean;
  /** Parsed, but not validated yet. */
  rawBody?: unknown;
  /** As sent, for cursors to be bound to. */
  rawQuery?: Readonly<Record<string, string>>;
  /** The validated input. */
  path?: unknown;
  query?: unknown;
  body?: unknown;
  /** The idempotency key that the request claims. */
  claim?: Claim | undefined;
  /** The problem code, or the OAuth error, that the request ended with. */
  problem?: string;
  /** The fields that were wrong, as the log may name them. */
  pointers?: readonly string[];
  replayed?: boolean;
}

/** The event with the request context that the first middleware adds to it. */
export type ServedEvent = APIGatewayProxyEvent & { context: RequestContext };
export type Answer = APIGatewayProxyResult & { headers: Record<string, string> };
export type Middleware = middy.MiddlewareObj<ServedEvent, Answer>;
