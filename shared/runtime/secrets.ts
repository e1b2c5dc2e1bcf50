/** Secrets Manager, read on demand and cached for a minute, so a rotation takes effect within that time. */
import { randomUUID } from "node:crypto";
import type * as sdkTypes from "@aws-sdk/client-secrets-manager";
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
let client: sdkTypes.SecretsManagerClient | undefined;

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
    const text = await this.#retrying(async ({ GetSecretValueCommand }, opened, abortSignal) => {
      const command = new GetSecretValueCommand({ SecretId: this.#arnOf(name) });
      const { SecretString } = await opened.send(command, { abortSignal });
      return SecretString ?? "";
    });
    readings.set(name, { text, at });
    return text;
  }

  /** Makes a text the secret's current one. */
  async write(name: SecretName, text: string): Promise<void> {
    const token = randomUUID();
    await this.#retrying(async ({ PutSecretValueCommand }, opened, abortSignal) => {
      const input = { SecretId: this.#arnOf(name), SecretString: text, ClientRequestToken: token };
      await opened.send(new PutSecretValueCommand(input), { abortSignal });
    });
    readings.delete(name);
  }

  /** The text of the version with this label, never from memory; undefined where there is none. */
  async readVersion(name: SecretName, stage: SecretStage, versionId?: string): Promise<string | undefined> {
    return await this.#retrying(async ({ GetSecretValueCommand, ResourceNotFoundException }, opened) => {
      const input = { SecretId: this.#arnOf(name), VersionStage: stage, VersionId: versionId };
      try {
        return (await opened.send(new GetSecretValueCommand(input))).SecretString;
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw error;
      }
    });
  }

  /** Keeps a text as the version that becomes current next. Repeatable. @param versionId the rotation's token */
  async writePending(name: SecretName, versionId: string, text: string): Promise<void> {
    await this.#retrying(async ({ PutSecretValueCommand }, opened) => {
      const input = {
        SecretId: this.#arnOf(name),
        ClientRequestToken: versionId,
        SecretString: text,
        VersionStages: ["AWSPENDING"],
      };
      await opened.send(new PutSecretValueCommand(input));
    });
  }

  /** Makes a version the current one. Repeatable. */
  async promote(name: SecretName, versionId: string): Promise<void> {
    await this.#retrying(async ({ DescribeSecretCommand, UpdateSecretVersionStageCommand }, opened) => {
      const { VersionIdsToStages = {} } = await opened.send(new DescribeSecretCommand({ SecretId: this.#arnOf(name) }));
      const current = Object.keys(VersionIdsToStages).find((id) => VersionIdsToStages[id]?.includes("AWSCURRENT"));
      if (current === versionId) return;
      const input = {
        SecretId: this.#arnOf(name),
        VersionStage: "AWSCURRENT",
        MoveToVersionId: versionId,
        RemoveFromVersionId: current,
      };
      await opened.send(new UpdateSecretVersionStageCommand(input));
    });
    readings.delete(name);
  }

  #arnOf(name: SecretName): string {
    const arn = this.#environment[secretVariables[name]];
    if (arn === undefined) throw new Error(`the secret ${name} is not declared`);
    return arn;
  }

  async #retrying<Result>(
    attempt: (sdk: Sdk, client: sdkTypes.SecretsManagerClient, abortSignal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    return await retrying(this.#deadline, isTransient, async (abortSignal) => {
      const sdk = await loadSdk();
      client ??= new sdk.SecretsManagerClient({ maxAttempts: 1, requestHandler: { connectionTimeout: 1000 } });
      return await attempt(sdk, client, abortSignal);
    });
  }
}

/** Forgets what was read, so that the next read asks Secrets Manager. */
export function forgetSecret(name: SecretName): void {
  readings.delete(name);
}

type Sdk = typeof sdkTypes;

/** Loaded on first use, so that only functions that read a secret pay for this client. */
function loadSdk(): Promise<Sdk> {
  return import("@aws-sdk/client-secrets-manager");
}
