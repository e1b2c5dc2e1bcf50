import { limitHeaders } from "./limits.ts";
import type { RequestContext, Middleware, Answer } from "../request-context.ts";

/** Adds the headers that every answer carries. */
export function answerHeaders(): Middleware {
  const add = (context: RequestContext, answer: Answer | null | undefined) => {
    if (answer)
      answer.headers = { ...commonHeaders(context, answer.statusCode), ...answer.headers, ...vary(context, answer) };
  };
  return {
    after: ({ event, response }) => add(event.context, response),
    onError: ({ event, response }) => add(event.context, response),
  };
}

function commonHeaders(context: RequestContext, status: number): Record<string, string> {
  return {
    "x-request-id": context.requestId,
    ...(context.correlationId !== undefined && { "x-correlation-id": context.correlationId }),
    "cache-control": status < 400 ? (context.operation.cacheControl ?? "no-store") : "no-store",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    // For loads without CORS (Fetch Standard §3.6): no page of another origin can embed an answer.
    "cross-origin-resource-policy": "same-origin",
    ...limitHeaders(context.limitState),
    ...crossOriginHeaders(context),
  };
}

/** CORS (Fetch Standard §3.2): only for the origins that the stage lists. */
function crossOriginHeaders(context: RequestContext): Record<string, string> {
  const origins = allowedOrigins(context);
  const origin = context.header("origin");
  if (origin === undefined || !origins.includes(origin)) return {};
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers":
      "etag, idempotency-replayed, location, ratelimit, ratelimit-policy, retry-after, x-correlation-id, x-request-id",
  };
}

function allowedOrigins({ environment }: RequestContext): readonly string[] {
  return environment.ALLOWED_ORIGINS.split(" ").filter(Boolean);
}

/** `vary` (RFC 9110 §12.5.5): the origin, and the encoding of cacheable answers, which the gateway may compress. */
function vary(context: RequestContext, answer: Answer): Record<string, string> {
  const names = [
    answer.headers["vary"],
    context.operation.cacheControl !== undefined && answer.statusCode < 400 && "accept-encoding",
    allowedOrigins(context).length > 0 && "origin",
  ].filter((name) => typeof name === "string");
  return names.length === 0 ? {} : { vary: names.join(", ") };
}
