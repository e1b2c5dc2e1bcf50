/** Guards a function against an event that API Gateway did not make, such as a hand-written one. */
import { log } from "./log.ts";

/** The event lacks what every event of API Gateway has. The message names the member and no value. */
export class MalformedEvent extends Error {
  override readonly name = "MalformedEvent";
}

/**
 * Checks the members that every function relies on. Without them there is no request to answer, so the invocation fails.
 *
 * @param operation named in the log
 * @param members names of further members that have to be text
 * @throws MalformedEvent after one line in the log
 */
export function requireGatewayEvent(event: unknown, operation: string, members: readonly string[] = []): void {
  const missing = missingMember(event, members);
  if (missing === undefined) return;
  const error = new MalformedEvent(`the event is none of API Gateway's proxy integration: it lacks ${missing}`);
  log("error", "internal_error", { operation, errorName: error.name, reason: `event_lacks_${missing}` });
  throw error;
}

function missingMember(event: unknown, members: readonly string[]): string | undefined {
  const context = memberOf(event, "requestContext");
  if (typeof context !== "object" || context === null) return "requestContext";
  if (typeof memberOf(context, "requestId") !== "string") return "requestContext.requestId";
  if (typeof memberOf(memberOf(context, "identity"), "sourceIp") !== "string")
    return "requestContext.identity.sourceIp";
  const hasHeaders = [memberOf(event, "headers"), memberOf(event, "multiValueHeaders")].some(
    (value) => value === null || typeof value === "object",
  );
  if (!hasHeaders) return "headers";
  return members.find((name) => typeof memberOf(event, name) !== "string");
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
