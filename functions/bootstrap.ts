/**
 * The custom resource that every deployment runs: the signing keys and the root user exist afterwards. Each step may be
 * repeated, so CloudFormation may call it as often as it likes.
 */
import type { CloudFormationCustomResourceEvent, Context } from "aws-lambda";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { describeError, log, logSecurityEvent } from "../shared/runtime/log.ts";
import { ensureSigningKeys } from "../shared/identity/ensure-signing-keys.ts";
import { forgetSecret, Secrets } from "../shared/runtime/secrets.ts";
import { createDocumentClient, Table } from "../shared/runtime/table.ts";
import { ensureRootUser } from "../shared/users/ensure-root-user.ts";

const environment = readEnvironment(process.env, ["signingKeys", "rootSignIn"]);
const client = createDocumentClient();

/**
 * Answers CloudFormation; invoked by an operator without an event of CloudFormation's (see docs/runbooks/root-access.md) it
 * does the same and fails as functions do.
 */
export async function handler(event: Partial<CloudFormationCustomResourceEvent>, context: Context): Promise<void> {
  if (!isFromCloudFormation(event)) {
    await bootstrap(Date.now() + context.getRemainingTimeInMillis() - 3000);
    log("info", "bootstrap_done", { requestId: context.awsRequestId });
    return;
  }
  let failure: string | undefined;
  try {
    // A stack that is being deleted takes keys and users with it.
    if (event.RequestType !== "Delete") await bootstrap(Date.now() + context.getRemainingTimeInMillis() - 3000);
    log("info", "bootstrap_done", { requestId: event.RequestId });
  } catch (error) {
    log("error", "bootstrap_failed", { requestId: event.RequestId, ...describeError(error) });
    failure = `Portico's bootstrap failed; see the log of ${context.functionName}, request ${event.RequestId}`;
  }
  await answer(event, failure);
}

function isFromCloudFormation(
  event: Partial<CloudFormationCustomResourceEvent>,
): event is CloudFormationCustomResourceEvent {
  return event.ResponseURL !== undefined;
}

async function bootstrap(deadline: number): Promise<void> {
  const table = new Table(client, environment.TABLE_NAME, deadline);
  const secrets = new Secrets(environment, deadline);
  const now = new Date();
  await ensureSigningKeys(table, secrets, now);
  // A process that lives on from the deployment before would take the old secret for the present one.
  forgetSecret("rootSignIn");
  const outcome = await ensureRootUser(table, await secrets.read("rootSignIn"), now);
  if (outcome === "restored") logSecurityEvent("root_access_restored", { operation: "bootstrap" });
}

/** CloudFormation waits for an hour unless it is told, whatever happened. */
async function answer(event: CloudFormationCustomResourceEvent, failure: string | undefined): Promise<void> {
  const { StackId, RequestId, LogicalResourceId } = event;
  const response = await fetch(event.ResponseURL, {
    method: "PUT",
    // The URL is signed without a content type, so none may be sent.
    headers: { "content-type": "" },
    body: JSON.stringify({
      Status: failure === undefined ? "SUCCESS" : "FAILED",
      Reason: failure,
      PhysicalResourceId: "portico-bootstrap",
      StackId,
      RequestId,
      LogicalResourceId,
    }),
  });
  if (!response.ok) throw new Error(`CloudFormation did not take the answer: ${response.status}`);
}
