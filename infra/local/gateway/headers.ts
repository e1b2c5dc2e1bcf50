/**
 * How API Gateway treats the headers of a Lambda proxy integration, from the table in "Amazon API Gateway
 * important notes" (docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
 */

/** Request headers that never reach a function. */
export const droppedFromRequest: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "content-md5", "expect", "max-forwards", "proxy-authenticate", "server", "te"],
  ...["transfer-encoding", "trailer", "upgrade", "www-authenticate", "keep-alive", "proxy-connection"],
]);

/** Headers of a function's answer that never reach the caller. */
const droppedFromAnswer: ReadonlySet<string> = new Set([
  ...["expect", "host", "proxy-authenticate", "te", "transfer-encoding", "trailer", "upgrade", "keep-alive"],
  // Generated from the body.
  "content-length",
]);

/** Headers of a function's answer that reach the caller as `x-amzn-Remapped-<name>`. */
const remappedInAnswer: ReadonlySet<string> = new Set([
  ...["authorization", "connection", "content-md5", "date", "max-forwards", "server", "user-agent", "www-authenticate"],
]);

/** The name with which a function's header reaches the caller; undefined when it does not. */
export function answerHeaderName(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (droppedFromAnswer.has(lower)) return undefined;
  return remappedInAnswer.has(lower) ? `x-amzn-Remapped-${name}` : name;
}
