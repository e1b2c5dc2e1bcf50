import type { Call, Middleware, Answer } from "../call.ts";

/** The headers that every answer carries, whatever made it. */
export function answerHeaders(): Middleware {
  const add = (call: Call, answer: Answer | null | undefined) => {
    if (answer) answer.headers = { ...commonHeaders(call, answer.statusCode), ...answer.headers };
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
  const origins = call.environment.ALLOWED_ORIGINS.split(" ").filter(Boolean);
  const origin = call.header("origin");
  if (origins.length === 0) return {};
  if (origin === undefined || !origins.includes(origin)) return { vary: "origin" };
  return {
    vary: "origin",
    "access-control-allow-origin": origin,
    "access-control-expose-headers":
      "etag, idempotency-replayed, location, retry-after, x-correlation-id, x-request-id",
  };
}
