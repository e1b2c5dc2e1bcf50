import type { Call, Middleware, Answer } from "../request-context.ts";

/** The headers that every answer carries, whatever made it. */
export function answerHeaders(): Middleware {
  const add = (call: Call, answer: Answer | null | undefined) => {
    if (answer)
      answer.headers = { ...commonHeaders(call, answer.statusCode), ...answer.headers, ...vary(call, answer) };
  };
  return {
    after: ({ event, response }) => add(event.call, response),
    onError: ({ event, response }) => add(event.call, response),
  };
}

function commonHeaders(call: Call, status: number): Record<string, string> {
  return {
    "x-request-id": call.requestId,
    ...(call.correlationId !== undefined && { "x-correlation-id": call.correlationId }),
    "cache-control": status < 400 ? (call.operation.cacheControl ?? "no-store") : "no-store",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    ...crossOriginHeaders(call),
  };
}

/** CORS (Fetch Standard §3.2): only for the origins that the stage lists. */
function crossOriginHeaders(call: Call): Record<string, string> {
  const origins = allowedOrigins(call);
  const origin = call.header("origin");
  if (origin === undefined || !origins.includes(origin)) return {};
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers":
      "etag, idempotency-replayed, location, retry-after, x-correlation-id, x-request-id",
  };
}

function allowedOrigins({ environment }: Call): readonly string[] {
  return environment.ALLOWED_ORIGINS.split(" ").filter(Boolean);
}

/** What else of the request the answer depends on (RFC 9110 §12.5.5); the gateway compresses what may be cached, too. */
function vary(call: Call, answer: Answer): Record<string, string> {
  const names = [
    answer.headers["vary"],
    call.operation.cacheControl !== undefined && answer.statusCode < 400 && "accept-encoding",
    allowedOrigins(call).length > 0 && "origin",
  ].filter((name) => typeof name === "string");
  return names.length === 0 ? {} : { vary: names.join(", ") };
}
