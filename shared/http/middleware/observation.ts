import { fromAuthorizerContext } from "../../contract/principal.ts";
import type { Environment } from "../../runtime/environment.ts";
import { describeError, log, logSecurityEvent, logServed } from "../../runtime/log.ts";
import type { AnyOperation } from "../../contract/operation.ts";
import { Problem } from "../../domain/problems.ts";
import type { Call, Middleware, ServedEvent } from "../request-context.ts";

const correlationIdPattern = /^[\x21-\x7e]{1,128}$/;

/** Begins the call, and at its end logs and measures how it was served. */
export function observation(operation: AnyOperation, environment: Environment): Middleware {
  return {
    before: ({ event }) => {
      event.call = beginCall(operation, environment, event);
    },
    after: ({ event, response }) => conclude(event.call, response?.statusCode ?? 0),
    onError: ({ event, error, response }) => {
      const { call } = event;
      const status = response?.statusCode ?? 0;
      const common = { operation: operation.id, requestId: call.requestId, principalId: call.principal?.id };
      if (status === 500) log("error", "internal_error", { ...common, ...describeError(error) });
      if (status === 503) {
        const cause = error instanceof Problem ? error.cause : error;
        log("warn", "dependency_failed", { ...common, ...describeError(cause) });
      }
      if (call.problem === "too_many_attempts") logSecurityEvent("too_many_attempts", common);
      conclude(call, status);
    },
  };
}

function conclude(call: Call, status: number): void {
  const { operation, problem, requestId, correlationId, principal, replayed } = call;
  logServed({
    operation: operation.id,
    status,
    latencyMs: Date.now() - call.now.getTime(),
    problem,
    requestId,
    correlationId,
    principalId: principal?.id,
    replayed,
  });
}

function beginCall(operation: AnyOperation, environment: Environment, event: ServedEvent): Call {
  const headers = new Map(Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const header = (name: string) => headers.get(name);
  const correlationId = header("x-correlation-id");
  return {
    operation,
    environment,
    now: new Date(),
    requestId: event.requestContext.requestId,
    correlationId: correlationId !== undefined && correlationIdPattern.test(correlationId) ? correlationId : undefined,
    header,
    principal: operation.access === "public" ? undefined : fromAuthorizerContext(event.requestContext.authorizer ?? {}),
  };
}
