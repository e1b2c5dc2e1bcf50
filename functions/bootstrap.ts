/**
 * The custom resource that runs with every release: afterwards the signing keys, the root user and the synthetic partner exist. Every step can be
 * repeated, so CloudFormation may call it as often as it likes.
 */
import type { CloudFormationCustomResourceEvent, Context } from "aws-lambda";
import { ensureSigningKeys } from "../shared/identity/ensure-signing-keys.ts";
import { ensureSyntheticPartner } from "../shared/partners/ensure-synthetic-partner.ts";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { describeCause } from "../shared/runtime/log-error.ts";
import { log, logSecurityEvent } from "../shared/runtime/log.ts";
import { retrying } from "../shared/runtime/retry.ts";
import { forgetSecret, Secrets } from "../shared/runtime/secrets.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";
import { ensureRootUser, resetRootSecondFactor } from "../shared/users/ensure-root-user.ts";

/** CloudFormation's event, or an operator's own. */
type BootstrapEvent = Partial<CloudFormationCustomResourceEvent> & { readonly resetRootSecondFactor?: boolean };

/** Time that is left to answer CloudFormation. */
const answerMs = 3000;

/**
 * Answers CloudFormation. An operator may invoke it without an event of CloudFormation's (see docs/runbooks/root-access.md): it
 * then does the same and fails as functions do.
 */
export async function handler(event: BootstrapEvent, context: Context): Promise<void> {
  const deadline = Date.now() + context.getRemainingTimeInMillis() - answerMs;
  if (!isFromCloudFormation(event)) {
    await bootstrapOnceAllowed(deadline);
    if (event.resetRootSecondFactor === true) await resetSecondFactor(deadline);
    log("info", "bootstrap_done", { requestId: context.awsRequestId });
    return;
  }
  let failure: string | undefined;
  try {
    // A stack that is being deleted takes keys and users with it.
    if (event.RequestType !== "Delete") await bootstrapOnceAllowed(deadline);
    log("info", "bootstrap_done", { requestId: event.RequestId });
  } catch (error) {
    log("error", "bootstrap_failed", { requestId: event.RequestId, ...describeCause(error) });
    // A stack that cannot go back stays stuck, and the release that it goes back to has bootstrapped before.
    if (!goesBack(event)) {
      failure = `Portico's bootstrap failed; see the log of ${context.functionName}, request ${event.RequestId}`;
    }
  }
  await answer(event, failure);
}

function isFromCloudFormation(event: BootstrapEvent): event is CloudFormationCustomResourceEvent {
  return event.ResponseURL !== undefined;
}

/** Whether the update leads to an older release, as every rollback of CloudFormation's does. */
function goesBack(event: CloudFormationCustomResourceEvent): boolean {
  if (event.RequestType !== "Update") return false;
  const [from, to] = [event.OldResourceProperties, event.ResourceProperties].map(
    (properties: Readonly<Record<string, unknown>>) => Date.parse(String(properties["CommittedAt"])),
  ) as [number, number];
  // A release from before the marker had a time is older than every one that has it.
  return Number.isNaN(to) ? !Number.isNaN(from) : to < from;
}

/** A right that was granted a moment ago may not be in force yet, so a denied call is worth another attempt here. */
async function bootstrapOnceAllowed(deadline: number): Promise<void> {
  const isDenied = (error: unknown): boolean => error instanceof Error && error.name === "AccessDeniedException";
  await retrying(deadline, isDenied, () => bootstrap(deadline));
}

async function bootstrap(deadline: number): Promise<void> {
  // Read here and not at start: a function that fails at start answers nobody, and CloudFormation could not even delete it.
  const environment = readEnvironment(process.env, [
    "clientSecretKey",
    "rootSignIn",
    "signingKeys",
    "syntheticPartner",
  ]);
  const table = new Table(createTableClient(), environment.TABLE_NAME, deadline);
  const secrets = new Secrets(environment, deadline);
  const now = new Date();
  await ensureSigningKeys(table, secrets, now);
  // A process that lives on from an earlier release still remembers the old secret.
  forgetSecret("rootSignIn");
  forgetSecret("syntheticPartner");
  const outcome = await ensureRootUser(table, await secrets.read("rootSignIn"), now);
  if (outcome === "restored") logSecurityEvent("root_access_restored", { operation: "bootstrap" });
  const [secret, hashingKey] = await Promise.all([secrets.read("syntheticPartner"), secrets.read("clientSecretKey")]);
  await ensureSyntheticPartner(table, { secret, hashingKey, now });
}

async function resetSecondFactor(deadline: number): Promise<void> {
  const environment = readEnvironment(process.env, ["rootSignIn"]);
  const table = new Table(createTableClient(), environment.TABLE_NAME, deadline);
  const principalId = await resetRootSecondFactor(table, await new Secrets(environment, deadline).read("rootSignIn"));
  if (principalId !== undefined) logSecurityEvent("second_factor_reset", { operation: "bootstrap", principalId });
}

/** CloudFormation waits until its timeout unless it is told the outcome, whatever happened. */
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
