/** Secrets Manager calls this once for each step of a rotation of the signing keys. */
import type { Context, SecretsManagerRotationEvent } from "aws-lambda";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { describeError, log, logSecurityEvent } from "../shared/runtime/log.ts";
import { rotateSigningKeys } from "../shared/identity/rotate-signing-keys.ts";
import { Secrets } from "../shared/runtime/secrets.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";

const environment = readEnvironment(process.env, ["signingKeys"]);
const client = createTableClient();

/** @throws Error where the step fails: Secrets Manager sees it and tries again */
export async function handler(event: SecretsManagerRotationEvent, context: Context): Promise<void> {
  const deadline = Date.now() + context.getRemainingTimeInMillis() - 1000;
  try {
    await rotateSigningKeys(event.Step, {
      table: new Table(client, environment.TABLE_NAME, deadline),
      secrets: new Secrets(environment, deadline),
      environment,
      now: new Date(),
      versionId: event.ClientRequestToken,
    });
    if (event.Step === "finishSecret") logSecurityEvent("signing_keys_rotated", { requestId: context.awsRequestId });
  } catch (error) {
    log("error", "internal_error", { operation: "rotation", requestId: context.awsRequestId, ...describeError(error) });
    throw error;
  }
}
