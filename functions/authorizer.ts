/** The Lambda authorizer of every protected route: it authenticates; what the caller may do is for the operation to say. */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent, Context } from "aws-lambda";
import { publicUrlOf, readEnvironment } from "../shared/runtime/environment.ts";
import { requireGatewayEvent } from "../shared/runtime/gateway-event.ts";
import { headerValues } from "../shared/runtime/headers.ts";
import { log, logAsRelease, logSecurityEvent } from "../shared/runtime/log.ts";
import { describeCause, logError } from "../shared/runtime/log-error.ts";
import { releaseOf } from "../shared/runtime/release.ts";
import { toAuthorizerContext } from "../shared/contract/principal.ts";
import { targetOf } from "../shared/domain/ids.ts";
import { problemCatalogue } from "../shared/domain/problems.ts";
import { authenticate, verificationOf, type PresentedRequest, type Refused } from "../shared/identity/authenticate.ts";
import { proofAlgorithms } from "../shared/identity/dpop.ts";
import { PartnerMetering } from "../shared/usage/meter-partner.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";

const environment = readEnvironment(process.env);
const client = createTableClient();

const details = {
  token_missing: "Send an access token in the Authorization header: `Authorization: Bearer <token>`.",
  token_invalid:
    "The access token is malformed, forged, not meant for this API, or bound to a key that was not proven.",
  token_expired: "The access token has expired. Ask for a new one.",
  token_revoked: "The access token was revoked or replaced by a newer one. Ask for a new one.",
  proof_invalid: "The DPoP proof is missing, malformed, too old, used before or made for a different request.",
} as const;

/**
 * Allows the method with the principal as context, or denies it with a reason that a gateway response turns into a 401
 * problem. Every value of a denial's context comes from a closed set: gateway responses put them in without escaping.
 *
 * @throws Error when the table does not answer or the event is malformed: API Gateway makes 503 of it
 */
export async function handler(
  event: APIGatewayRequestAuthorizerEvent,
  context: Context,
): Promise<APIGatewayAuthorizerResult> {
  requireGatewayEvent(event, "authorizer", ["methodArn", "httpMethod", "path"]);
  const { requestId } = event.requestContext;
  logAsRelease(releaseOf(event));
  const table = new Table(client, environment.TABLE_NAME, Date.now() + context.getRemainingTimeInMillis() - 500);
  const metering = meteringOf(event);
  try {
    const verification = { ...verificationOf(environment), onStaleKeys: warning(requestId) };
    const outcome = await authenticate(presented(event), table, verification, metering.begin);
    if (!("reason" in outcome)) {
      const limits = await metering.conclude(outcome);
      return policy("Allow", event.methodArn, outcome.id, { ...toAuthorizerContext(outcome), limits });
    }
    await metering.takeBack();
    return refusal(event, outcome);
  } catch (error) {
    logError(error, { requestId, operation: "authorizer" });
    throw error;
  }
}

const warning = (requestId: string) => (error: unknown) =>
  log("warn", "signing_keys_stale", { requestId, operation: "authorizer", ...describeCause(error) });

/** How long a call waits for the counters of its partner, in milliseconds. */
const maxCountersMs = 500;

function meteringOf({ httpMethod, resource, requestContext }: APIGatewayRequestAuthorizerEvent): PartnerMetering {
  const now = Date.now();
  return new PartnerMetering({
    requestId: requestContext.requestId,
    route: `${httpMethod} ${resource}`,
    environment,
    table: new Table(client, environment.TABLE_NAME, now + maxCountersMs),
    now,
  });
}

function presented(event: APIGatewayRequestAuthorizerEvent): PresentedRequest {
  return {
    authorization: headerValues(event, "authorization").at(-1) ?? "",
    proofs: headerValues(event, "dpop"),
    method: event.httpMethod,
    url: publicUrlOf(environment, event.path),
    now: new Date(),
  };
}

function refusal(
  { methodArn, httpMethod, resource, pathParameters, requestContext: { requestId } }: APIGatewayRequestAuthorizerEvent,
  refused: Refused,
): APIGatewayAuthorizerResult {
  const { reason } = refused;
  // The authorizer knows routes, not operations.
  const route = `${httpMethod} ${resource}`;
  log("warn", "token_refused", { requestId, reason, route, targetId: targetOf(pathParameters ?? {}) });
  if (reason === "token_invalid") logSecurityEvent("token_forged", { requestId, operation: "authorizer" });
  if (reason === "proof_replayed") logSecurityEvent(reason, { requestId, operation: "authorizer" });
  // Callers learn no more about a replayed proof than about another invalid one.
  const code = reason === "proof_replayed" ? "proof_invalid" : reason;
  const { title } = problemCatalogue[code];
  return policy("Deny", methodArn, "anonymous", {
    code,
    title,
    detail: details[code],
    challenge: challengeOf(code, refused.scheme),
  });
}

/** RFC 6750 §3 and, without an error for a request without a token, §3.1; RFC 9449 §7.1. */
function challengeOf(code: keyof typeof details, scheme: Refused["scheme"]): string {
  const algorithms = proofAlgorithms.join(" ");
  if (code === "token_missing") return `Bearer realm="portico", DPoP algs="${algorithms}"`;
  const error = code === "proof_invalid" ? "invalid_dpop_proof" : "invalid_token";
  return scheme === "Bearer"
    ? `Bearer realm="portico", error="${error}"`
    : `DPoP error="${error}", algs="${algorithms}"`;
}

function policy(
  effect: "Allow" | "Deny",
  methodArn: string,
  principalId: string,
  context: Record<string, string>,
): APIGatewayAuthorizerResult {
  return {
    principalId,
    policyDocument: {
      Version: "2012-10-17",
      Statement: [{ Action: "execute-api:Invoke", Effect: effect, Resource: methodArn }],
    },
    context,
  };
}
