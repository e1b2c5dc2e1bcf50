/** Secrets Manager, read lazily and kept for a minute: a rotation is noticed within that time, without a redeploy. */
import { randomUUID } from "node:crypto";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { secretVariables, type Environment, type SecretName } from "./environment.ts";
import { isTransient, retrying, type Deadline } from "./retry.ts";

export interface Secrets {
  /**
   * The secret's current text, at most a minute old.
   *
   * @throws Problem `unavailable` when Secrets Manager does not answer in time
   */
  read(name: SecretName): Promise<string>;
  /** Makes a text the secret's current one. @throws Problem `unavailable` */
  write(name: SecretName, text: string): Promise<void>;
  /** The text of a version that has this stage; undefined where there is none. Never from memory. */
  readVersion(name: SecretName, stage: SecretStage, versionId?: string): Promise<string | undefined>;
  /** Keeps a text as the version that is to become current. May be repeated. @param versionId the rotation's token */
  writePending(name: SecretName, versionId: string, text: string): Promise<void>;
  /** Makes a version the current one. May be repeated. */
  promote(name: SecretName, versionId: string): Promise<void>;
}

/** Secrets Manager's names for what a version is to the secret. */
export type SecretStage = "AWSCURRENT" | "AWSPENDING";

const freshMs = 60_000;

interface Reading {
  readonly text: string;
  readonly at: number;
}

const readings = new Map<SecretName, Reading>();
let client: SecretsManagerClient | undefined;

/** The secrets within one invocation. @param deadline no attempt begins after it, none lasts longer */
export function openSecrets(environment: Environment, deadline: Deadline): Secrets {
  const arnOf = (name: SecretName): string => {
    const arn = environment[secretVariables[name]];
    if (arn === undefined) throw new Error(`the secret ${name} is not declared`);
    return arn;
  };

  return {
    async read(name) {
      const known = readings.get(name);
      if (known !== undefined && Date.now() - known.at < freshMs) return known.text;
      const at = Date.now();
      const text = await retrying(deadline, isTransient, async (abortSignal) => {
        const { GetSecretValueCommand } = await sdk();
        const command = new GetSecretValueCommand({ SecretId: arnOf(name) });
        const { SecretString } = await (await openClient()).send(command, { abortSignal });
        return SecretString ?? "";
      });
      readings.set(name, { text, at });
      return text;
    },

    async write(name, text) {
      const token = randomUUID();
      await retrying(deadline, isTransient, async (abortSignal) => {
        const { PutSecretValueCommand } = await sdk();
        const input = { SecretId: arnOf(name), SecretString: text, ClientRequestToken: token };
        await (await openClient()).send(new PutSecretValueCommand(input), { abortSignal });
      });
      readings.delete(name);
    },

    async readVersion(name, stage, versionId) {
      return await retrying(deadline, isTransient, async () => {
        const { GetSecretValueCommand, ResourceNotFoundException } = await sdk();
        const input = { SecretId: arnOf(name), VersionStage: stage, VersionId: versionId };
        try {
          return (await (await openClient()).send(new GetSecretValueCommand(input))).SecretString;
        } catch (error) {
          if (error instanceof ResourceNotFoundException) return undefined;
          throw error;
        }
      });
    },

    async writePending(name, versionId, text) {
      await retrying(deadline, isTransient, async () => {
        const { PutSecretValueCommand } = await sdk();
        const input = {
          SecretId: arnOf(name),
          ClientRequestToken: versionId,
          SecretString: text,
          VersionStages: ["AWSPENDING"],
        };
        await (await openClient()).send(new PutSecretValueCommand(input));
      });
    },

    async promote(name, versionId) {
      await retrying(deadline, isTransient, async () => {
        const { DescribeSecretCommand, UpdateSecretVersionStageCommand } = await sdk();
        const opened = await openClient();
        const { VersionIdsToStages = {} } = await opened.send(new DescribeSecretCommand({ SecretId: arnOf(name) }));
        const current = Object.keys(VersionIdsToStages).find((id) => VersionIdsToStages[id]?.includes("AWSCURRENT"));
        if (current === versionId) return;
        const input = {
          SecretId: arnOf(name),
          VersionStage: "AWSCURRENT",
          MoveToVersionId: versionId,
          RemoveFromVersionId: current,
        };
        await opened.send(new UpdateSecretVersionStageCommand(input));
      });
      readings.delete(name);
    },
  };
}

/** Forgets what was read, so that the next reading asks Secrets Manager. */
export function forgetSecret(name: SecretName): void {
  readings.delete(name);
}

/** Only functions that need a secret pay for loading this client, and only at the first use. */
const sdk = () => import("@aws-sdk/client-secrets-manager");

async function openClient(): Promise<SecretsManagerClient> {
  const { SecretsManagerClient: Client } = await sdk();
  client ??= new Client({ maxAttempts: 1, requestHandler: { connectionTimeout: 1000 } });
  return client;
}
