/** The Lambda authorizer of every protected route: it authenticates; what the caller may do is for the operation to say. */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent, Context } from "aws-lambda";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { describeError, log, logAsRelease, logSecurityEvent } from "../shared/runtime/log.ts";
import { releaseOf } from "../shared/runtime/release.ts";
import { toAuthorizerContext } from "../shared/contract/principal.ts";
import { Problem, problemCatalogue } from "../shared/domain/problems.ts";
import { authenticate, verificationOf, type AuthenticationRefusal } from "../shared/identity/authenticate.ts";
import { createDocumentClient, Table } from "../shared/runtime/table.ts";

const environment = readEnvironment(process.env);
const client = createDocumentClient();

const details: Record<AuthenticationRefusal, string> = {
  token_invalid: "The access token is malformed, forged or not meant for this API.",
  token_expired: "The access token has expired. Ask for a new one.",
  token_revoked: "The access token was revoked or replaced by a newer one. Ask for a new one.",
};

/**
 * Allows the method with the principal as context, or denies it with a reason that a gateway response turns into a 401
 * problem. Every value of a denial's context comes from a closed set: gateway responses put them in without escaping.
 *
 * @throws Error when the table does not answer: API Gateway makes 503 of it
 */
export async function handler(
  event: APIGatewayRequestAuthorizerEvent,
  context: Context,
): Promise<APIGatewayAuthorizerResult> {
  const { requestId } = event.requestContext;
  logAsRelease(releaseOf(event));
  const table = new Table(client, environment.TABLE_NAME, Date.now() + context.getRemainingTimeInMillis() - 500);
  const header =
    Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === "authorization")?.[1] ?? "";
  try {
    const outcome = await authenticate(header, table, verificationOf(environment));
    if (typeof outcome === "string") {
      log("warn", "token_refused", { requestId, reason: outcome });
      if (outcome === "token_invalid") logSecurityEvent("token_forged", { requestId, operation: "authorizer" });
      const { title } = problemCatalogue[outcome];
      return policy("Deny", event.methodArn, "anonymous", { code: outcome, title, detail: details[outcome] });
    }
    return policy("Allow", event.methodArn, outcome.id, { ...toAuthorizerContext(outcome) });
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
