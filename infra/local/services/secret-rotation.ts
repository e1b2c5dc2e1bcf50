/** Rotates a secret the way Secrets Manager does: four calls of the function that the template names. */
import { randomUUID } from "node:crypto";
import { LocalHostError } from "../support/errors.ts";
import type { Invocation } from "../lambda/function-pool.ts";
import type { SecretModel } from "../template/read-deployment.ts";
import type { SecretsStub } from "./secrets-manager.ts";

/** In this order; each may find that an earlier attempt has done its work already. */
const steps = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;

/** What the function gets. */
export interface RotationEvent {
  readonly Step: (typeof steps)[number];
  /** The secret's ARN. */
  readonly SecretId: string;
  /** Id of the version to fill, which is labelled AWSPENDING. */
  readonly ClientRequestToken: string;
  readonly RotationToken: string;
}

/**
 * Runs the steps one after another. A step that fails ends the rotation and leaves its version AWSPENDING; the next rotation
 * goes on with that version, from the first step.
 *
 * @param secret name or ARN
 * @returns the id of the version that is current now
 * @throws LocalHostError naming the step that failed, or when the template does not rotate the secret
 */
export async function rotateSecret(
  secret: string,
  models: readonly SecretModel[],
  secrets: SecretsStub,
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
    throw new LocalHostError(`the rotation of ${name} has ended without making its version the current one`);
  }
  return version;
}
