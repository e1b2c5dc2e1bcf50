/** Stands in for the rotation of Secrets Manager: four invocations of the function that the template names. */
import { randomUUID } from "node:crypto";
import { LocalHostError } from "../support/errors.ts";
import type { Invocation } from "../lambda/function-pool.ts";
import type { SecretModel } from "../template/deployment-model.ts";
import type { LocalSecretsManager } from "./secrets-manager.ts";

/** In this order. An earlier attempt may have done the work of a step already. */
const steps = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;

/** The event of the rotation function. */
export interface RotationEvent {
  readonly Step: (typeof steps)[number];
  /** The secret's ARN. */
  readonly SecretId: string;
  /** Id of the version to fill, which has the label AWSPENDING. */
  readonly ClientRequestToken: string;
  readonly RotationToken: string;
}

/**
 * Runs the steps in order. A failed step ends the rotation and leaves its version AWSPENDING. The next rotation continues with
 * that version, from the first step.
 *
 * @param secret name or ARN
 * @returns id of the version that is now current
 * @throws LocalHostError naming the failed step, or when the template does not rotate the secret
 */
export async function rotateSecret(
  secret: string,
  models: readonly SecretModel[],
  secrets: LocalSecretsManager,
  invoke: (functionId: string, event: RotationEvent) => Promise<Invocation>,
): Promise<string> {
  const model = models.find(({ arn, name }) => arn === secret || name === secret);
  if (model?.rotation === undefined) throw new LocalHostError(`the template rotates no secret ${secret}`);
  const { arn, name, rotation } = model;
  const version = secrets.beginRotation(arn);
  const rotationToken = randomUUID();
  for (const step of steps) {
    const outcome = await invoke(rotation.functionId, {
      Step: step,
      SecretId: arn,
      ClientRequestToken: version,
      RotationToken: rotationToken,
    });
    if ("failure" in outcome) {
      const { errorType, errorMessage } = outcome.failure;
      throw new LocalHostError(`the rotation of ${name} failed in ${step}: ${errorType}: ${errorMessage}`);
    }
  }
  if (secrets.versionOf(arn, "AWSCURRENT") !== version) {
    throw new LocalHostError(`the rotation of ${name} ended without making its version the current one`);
  }
  return version;
}
