import { fromLimitText } from "../../contract/limit-state.ts";
import { fromAuthorizerContext } from "../../contract/principal.ts";
import type { Environment } from "../../runtime/environment.ts";
import { headerValues } from "../../runtime/headers.ts";
import { describeError, log, logAsRelease, logSecurityEvent, logServed } from "../../runtime/log.ts";
import { releaseOf } from "../../runtime/release.ts";
import type { AnyOperation } from "../../contract/operation.ts";
import { targetOf } from "../../domain/ids.ts";
import { Problem } from "../../domain/problems.ts";
import type { RequestContext, Middleware, ServedEvent } from "../request-context.ts";

const correlationIdPattern = /^[\x21-\x7e]{1,128}$/;

/** Starts the request context, and at its end logs how the request was served. */
export function observation(operation: AnyOperation, environment: Environment): Middleware {
  return {
    before: ({ event }) => {
      event.context = beginContext(operation, environment, event);
      logAsRelease(event.context.release);
    },
    after: ({ event, response }) => conclude(event.context, response?.statusCode ?? 0),
    onError: ({ event, error, response }) => {
      const { context } = event;
      const status = response?.statusCode ?? 0;
      const common = { operation: operation.id, requestId: context.requestId, principalId: context.principal?.id };
      if (status === 500) log("error", "internal_error", { ...common, ...describeError(error) });
      // A write stop is no failure of a dependency.
      if (status === 503 && !(error instanceof Problem && error.code === "read_only")) {
        const cause = error instanceof Problem ? error.cause : error;
        log("warn", "dependency_failed", { ...common, ...describeError(cause) });
      }
      // The OAuth endpoints answer it with an error of their own, so the answer's code does not tell.
      if (error instanceof Problem && error.code === "too_many_attempts") logSecurityEvent(error.code, common);
      conclude(context, status);
    },
  };
}

function conclude(context: RequestContext, status: number): void {
  const { operation, problem, pointers, requestId, correlationId, principal, targetId, replayed } = context;
  logServed({
    operation: operation.id,
    status,
    latencyMs: Date.now() - context.now.getTime(),
    problem,
    pointers,
    requestId,
    correlationId,
    principalId: principal?.id,
    targetId,
    replayed,
  });
}

function beginContext(operation: AnyOperation, environment: Environment, event: ServedEvent): RequestContext {
  const headers = new Map(Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const header = (name: string) => headers.get(name);
  const authorized: Readonly<Record<string, unknown>> = event.requestContext.authorizer ?? {};
  const correlationId = header("x-correlation-id");
  return {
    operation,
    environment,
    now: new Date(),
    release: releaseOf(event),
    requestId: event.requestContext.requestId,
    sourceIp: event.requestContext.identity.sourceIp,
    correlationId: correlationId !== undefined && correlationIdPattern.test(correlationId) ? correlationId : undefined,
    targetId: targetOf(event.pathParameters ?? {}),
    header,
    headerValues: (name) => headerValues(event, name),
    ...(operation.access !== "public" && {
      principal: fromAuthorizerContext(authorized),
      limitState: fromLimitText(authorized["limits"]),
    }),
  };
}
