/** Secrets Manager, read on demand and cached for a minute, so a rotation takes effect within that time. */
import { randomUUID } from "node:crypto";
import type { DescribeSecretResponse, GetSecretValueResponse } from "@aws-sdk/client-secrets-manager";
import { AwsError, AwsJson, secretsManager } from "./aws-json.ts";
import { secretVariables, type Environment, type SecretName } from "./environment.ts";
import { isTransient, retrying, type Deadline } from "./retry.ts";

/** Secrets Manager's labels for the versions of a secret. */
export type SecretStage = "AWSCURRENT" | "AWSPENDING";

const freshMs = 60_000;

interface Reading {
  readonly text: string;
  readonly at: number;
}

const readings = new Map<SecretName, Reading>();
/** Made on first use: most functions read no secret. */
let client: AwsJson | undefined;

/** The secrets within one invocation. Every method may throw Problem `unavailable` when Secrets Manager does not answer. */
export class Secrets {
  readonly #environment: Environment;
  readonly #deadline: Deadline;

  /** @param deadline no attempt begins after it, none lasts longer */
  constructor(environment: Environment, deadline: Deadline) {
    this.#environment = environment;
    this.#deadline = deadline;
  }

  /** The secret's current text, at most a minute old. */
  async read(name: SecretName): Promise<string> {
    const known = readings.get(name);
    if (known !== undefined && Date.now() - known.at < freshMs) return known.text;
    const at = Date.now();
    const { SecretString: text = "" } = await this.#call<GetSecretValueResponse>("GetSecretValue", name);
    readings.set(name, { text, at });
    return text;
  }

  /** Makes a text the secret's current one. */
  async write(name: SecretName, text: string): Promise<void> {
    await this.#call("PutSecretValue", name, { SecretString: text, ClientRequestToken: randomUUID() });
    readings.delete(name);
  }

  /** The text of the version with this label, never from memory; undefined where there is none. */
  async readVersion(name: SecretName, stage: SecretStage, versionId?: string): Promise<string | undefined> {
    try {
      const version = { VersionStage: stage, VersionId: versionId };
      return (await this.#call<GetSecretValueResponse>("GetSecretValue", name, version)).SecretString;
    } catch (error) {
      if (error instanceof AwsError && error.name === "ResourceNotFoundException") return undefined;
      throw error;
    }
  }

  /** Keeps a text as the version that becomes current next. Repeatable. @param versionId the rotation's token */
  async writePending(name: SecretName, versionId: string, text: string): Promise<void> {
    const version = { ClientRequestToken: versionId, SecretString: text, VersionStages: ["AWSPENDING"] };
    await this.#call("PutSecretValue", name, version);
  }

  /** Makes a version the current one. Repeatable. */
  async promote(name: SecretName, versionId: string): Promise<void> {
    // Each attempt looks again: an earlier one may have succeeded although its answer was lost.
    await this.#retrying(async (abortSignal) => {
      const described = await this.#attempt<DescribeSecretResponse>("DescribeSecret", name, {}, abortSignal);
      const stages = described.VersionIdsToStages ?? {};
      const current = Object.keys(stages).find((id) => stages[id]?.includes("AWSCURRENT"));
      if (current === versionId) return;
      const move = { VersionStage: "AWSCURRENT", MoveToVersionId: versionId, RemoveFromVersionId: current };
      await this.#attempt("UpdateSecretVersionStage", name, move, abortSignal);
    });
    readings.delete(name);
  }

  #arnOf(name: SecretName): string {
    const arn = this.#environment[secretVariables[name]];
    if (arn === undefined) throw new Error(`the secret ${name} is not declared`);
    return arn;
  }

  /** Calls an action on a secret until it answers. @param input members besides the secret's ARN */
  async #call<Answer>(action: string, name: SecretName, input: object = {}): Promise<Answer> {
    return await this.#retrying((abortSignal) => this.#attempt<Answer>(action, name, input, abortSignal));
  }

  async #attempt<Answer>(action: string, name: SecretName, input: object, abortSignal: AbortSignal): Promise<Answer> {
    client ??= new AwsJson(secretsManager);
    return await client.call<Answer>(action, { SecretId: this.#arnOf(name), ...input }, abortSignal);
  }

  async #retrying<Result>(attempt: (abortSignal: AbortSignal) => Promise<Result>): Promise<Result> {
    return await retrying(this.#deadline, isTransient, attempt);
  }
}

/** Forgets what was read, so that the next read asks Secrets Manager. */
export function forgetSecret(name: SecretName): void {
  readings.delete(name);
}
