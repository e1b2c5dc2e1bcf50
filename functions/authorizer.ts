/** The Lambda authorizer of every protected route: it authenticates; what the caller may do is for the operation to say. */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent, Context } from "aws-lambda";
import { defaultLimitsOf, publicUrlOf, readEnvironment } from "../shared/runtime/environment.ts";
import { requireGatewayEvent } from "../shared/runtime/gateway-event.ts";
import { headerValues } from "../shared/runtime/headers.ts";
import { describeError, log, logAsRelease, logSecurityEvent } from "../shared/runtime/log.ts";
import { releaseOf } from "../shared/runtime/release.ts";
import { toLimitText } from "../shared/contract/limit-state.ts";
import { toAuthorizerContext, type Principal } from "../shared/contract/principal.ts";
import { targetOf } from "../shared/domain/ids.ts";
import { Problem, problemCatalogue } from "../shared/domain/problems.ts";
import { authenticate, verificationOf, type PresentedRequest, type Refused } from "../shared/identity/authenticate.ts";
import { proofAlgorithms } from "../shared/identity/dpop.ts";
import { CallMeter, type Counters } from "../shared/limits/meter-calls.ts";
import { takeLease } from "../shared/limits/take-lease.ts";
import { createDocumentClient, Table } from "../shared/runtime/table.ts";

const environment = readEnvironment(process.env);
const client = createDocumentClient();
/** Of the process: leases outlive the calls that take them. */
const meter = new CallMeter();

/** How long a call waits for a lease, in milliseconds. A failure of the counters must not become a failure of the API. */
const maxLeaseMs = 500;

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
  try {
    const counters = countersFor(requestId);
    let prepared: Promise<void> | undefined;
    const outcome = await authenticate(presented(event), table, verificationOf(environment), ({ kind, id }) => {
      // A lease that ends is renewed while the principal is read, so it costs no round trip more.
      if (kind === "partner") prepared = meter.prepare(id, Date.now(), counters);
    });
    await prepared;
    if ("reason" in outcome) return refusal(event, outcome);
    const limits = await limitTextOf(outcome, counters);
    return policy("Allow", event.methodArn, outcome.id, { ...toAuthorizerContext(outcome), limits });
  } catch (error) {
    const unavailable = error instanceof Problem;
    log("error", unavailable ? "dependency_failed" : "internal_error", {
      requestId,
      operation: "authorizer",
      ...describeError(unavailable ? error.cause : error),
    });
    throw error;
  }
}

/** The counters of limits. Without an answer of theirs, calls are allowed. */
function countersFor(requestId: string): Counters {
  const table = new Table(client, environment.TABLE_NAME, Date.now() + maxLeaseMs);
  return {
    takeLease: (partnerId, request) => takeLease(table, partnerId, request),
    onFailure: (error) =>
      log("error", "limits_unavailable", {
        requestId,
        operation: "authorizer",
        ...describeError(error instanceof Problem ? error.cause : error),
      }),
  };
}

/** Counts the call of a partner. Users have no limits of this kind. */
async function limitTextOf(principal: Principal, counters: Counters): Promise<string> {
  if (principal.kind !== "partner") return "";
  const limits = principal.limits ?? defaultLimitsOf(environment);
  return toLimitText(await meter.admit({ partnerId: principal.id, limits, now: Date.now() }, counters));
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
