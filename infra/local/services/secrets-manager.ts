/** Stands in for Secrets Manager: versions and staging labels, in one file or in memory. */
import { randomInt, randomUUID } from "node:crypto";
import * as z from "zod";
import { LocalHostError } from "../support/errors.ts";
import { readJsonFile, writeJsonFile } from "../support/json-file.ts";
import type { RotationModel, SecretGenerator, SecretModel } from "../template/deployment-model.ts";

const versionSchema = z.object({
  /** Absent until the rotation that began the version puts it. */
  secretString: z.string().optional(),
  /** Seconds since the epoch. */
  createdDate: z.number(),
  stages: z.array(z.string()),
});
const secretSchema = z.object({
  arn: z.string(),
  name: z.string(),
  description: z.string().optional(),
  createdDate: z.number(),
  /** Version id → version. */
  versions: z.record(z.string(), versionSchema),
});
type Secret = z.output<typeof secretSchema>;

/** An error as Secrets Manager answers it. */
class SecretsManagerError extends Error {
  /** AWS's name of the error. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The parameters of a request as the SDK sends them. */
export type SecretsRequest = Readonly<Record<string, unknown>>;

export interface SecretsAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const lowercase = [..."abcdefghijklmnopqrstuvwxyz"];
const uppercase = lowercase.map((letter) => letter.toUpperCase());
const digits = [..."0123456789"];
const punctuation = [..."!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"];

/** Generates a value for `GenerateSecretString`, with at least one character of each kind. */
export function generateSecret({ length, excludePunctuation, template, key }: SecretGenerator): string {
  const kinds = [lowercase, uppercase, digits, ...(excludePunctuation ? [] : [punctuation])];
  if (length < kinds.length) {
    throw new LocalHostError(`GenerateSecretString: PasswordLength ${length} is less than ${kinds.length}`);
  }
  const pick = (from: readonly string[]): string => from[randomInt(from.length)] as string;
  const all = kinds.flat();
  const characters = [...kinds.map(pick), ...Array.from({ length: length - kinds.length }, () => pick(all))];
  for (let index = characters.length - 1; index > 0; index--) {
    const other = randomInt(index + 1);
    [characters[index], characters[other]] = [characters[other] as string, characters[index] as string];
  }
  const password = characters.join("");
  if (template === undefined || key === undefined) return password;
  return JSON.stringify({ ...(JSON.parse(template) as object), [key]: password });
}

export class LocalSecretsManager {
  readonly #file: string | undefined;
  readonly #secrets: Map<string, Secret>;
  readonly #now: () => number;
  /** ARN → rotation. Not kept: it is what the current template says. */
  readonly #rotations = new Map<string, RotationModel>();

  /**
   * @param file keeps the secrets (mode 0600); in memory when absent
   * @param now milliseconds since the epoch
   * @throws LocalHostError when something else wrote the file
   */
  constructor(file?: string, now: () => number = Date.now) {
    this.#file = file;
    this.#now = now;
    const remedy = "delete its folder to start with an empty table";
    const kept = (file === undefined ? undefined : readJsonFile(file, z.array(secretSchema), remedy)) ?? [];
    this.#secrets = new Map(kept.map((secret) => [secret.arn, secret]));
  }

  /** ARN → creation of each secret: tells the secrets of one data folder from those of a different one. */
  identities(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#secrets.values()].map(({ arn, createdDate }) => [arn, `${createdDate}`]));
  }

  /** Creates the missing secrets of a template and keeps the values of the others. */
  ensure(models: readonly SecretModel[]): void {
    for (const { arn, name, description, initial, rotation } of models) {
      if (rotation === undefined) this.#rotations.delete(arn);
      else this.#rotations.set(arn, rotation);
      if (this.#secrets.has(arn)) continue;
      const secret: Secret = {
        arn,
        name,
        ...(description !== undefined && { description }),
        createdDate: this.#seconds(),
        versions: {},
      };
      this.#secrets.set(arn, secret);
      if (initial === undefined) continue;
      const value = "generate" in initial ? generateSecret(initial.generate) : initial.value;
      this.#put(secret, randomUUID(), value, ["AWSCURRENT"]);
    }
    this.#save();
  }

  /** The current value of a secret; undefined when it has none. */
  current(arn: string): string | undefined {
    return Object.values(this.#secrets.get(arn)?.versions ?? {}).find(({ stages }) => stages.includes("AWSCURRENT"))
      ?.secretString;
  }

  /**
   * Begins a rotation as `RotateSecret` does: with a version that has no value and the label AWSPENDING. Reuses the version that
   * an earlier rotation left pending.
   *
   * @returns the version's id, which every step of the rotation gets as `ClientRequestToken`
   */
  beginRotation(arn: string): string {
    const secret = this.#find({ SecretId: arn });
    const pending = holderOf(secret, "AWSPENDING");
    if (pending !== undefined && pending !== holderOf(secret, "AWSCURRENT")) return pending;
    const id = randomUUID();
    this.#put(secret, id, undefined, ["AWSPENDING"]);
    this.#save();
    return id;
  }

  /** Id of the version with a label; undefined when no version has it. */
  versionOf(arn: string, stage: string): string | undefined {
    return holderOf(this.#find({ SecretId: arn }), stage);
  }

  /** Answers one call as Secrets Manager does, errors included. */
  answer(action: string, request: SecretsRequest): SecretsAnswer {
    try {
      const body = this.#act(action, request);
      return { status: 200, body };
    } catch (error) {
      if (!(error instanceof SecretsManagerError)) throw error;
      return { status: 400, body: { __type: error.code, message: error.message, Message: error.message } };
    }
  }

  #act(action: string, request: SecretsRequest): Readonly<Record<string, unknown>> {
    switch (action) {
      case "GetSecretValue":
        return this.#getSecretValue(request);
      case "PutSecretValue":
        return this.#putSecretValue(request);
      case "DescribeSecret":
        return this.#describeSecret(request);
      case "UpdateSecretVersionStage":
        return this.#updateSecretVersionStage(request);
      default:
        throw new SecretsManagerError("UnknownOperationException", `the local Secrets Manager does not know ${action}`);
    }
  }

  #getSecretValue(request: SecretsRequest): Readonly<Record<string, unknown>> {
    const secret = this.#find(request);
    const id = optionalText(request, "VersionId");
    const stage = optionalText(request, "VersionStage") ?? (id === undefined ? "AWSCURRENT" : undefined);
    const found = Object.entries(secret.versions).find(
      ([versionId, { stages }]) =>
        (id === undefined || versionId === id) && (id !== undefined || stages.includes(String(stage))),
    );
    if (found?.[1].secretString === undefined) {
      const which = id === undefined ? `staging label: ${String(stage)}` : `VersionId: ${id}`;
      throw new SecretsManagerError(
        "ResourceNotFoundException",
        `Secrets Manager can't find the specified secret value for ${which}`,
      );
    }
    const [versionId, version] = found;
    if (stage !== undefined && !version.stages.includes(stage)) {
      throw new SecretsManagerError(
        "InvalidRequestException",
        "You provided a VersionStage that is not associated to the provided VersionId.",
      );
    }
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: versionId,
      SecretString: version.secretString,
      VersionStages: version.stages,
      CreatedDate: version.createdDate,
    };
  }

  #putSecretValue(request: SecretsRequest): Readonly<Record<string, unknown>> {
    const secret = this.#find(request);
    const value = request["SecretString"];
    if (typeof value !== "string") {
      throw new SecretsManagerError("InvalidParameterException", "the local Secrets Manager keeps SecretString only");
    }
    const id = optionalText(request, "ClientRequestToken") ?? randomUUID();
    const stages = (request["VersionStages"] as readonly string[] | undefined) ?? ["AWSCURRENT"];
    if (stages.length === 0)
      throw new SecretsManagerError("InvalidParameterException", "VersionStages must not be empty");
    const existing = secret.versions[id];
    if (existing?.secretString !== undefined && existing.secretString !== value) {
      throw new SecretsManagerError(
        "ResourceExistsException",
        `A version with the ClientRequestToken ${id} exists and holds a different value.`,
      );
    }
    if (existing?.secretString === undefined) {
      this.#put(secret, id, value, stages);
      this.#save();
    }
    return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: secret.versions[id]?.stages };
  }

  #describeSecret(request: SecretsRequest): Readonly<Record<string, unknown>> {
    const secret = this.#find(request);
    const rotation = this.#rotations.get(secret.arn);
    return {
      ARN: secret.arn,
      Name: secret.name,
      Description: secret.description,
      CreatedDate: secret.createdDate,
      RotationEnabled: rotation !== undefined,
      ...(rotation && { RotationLambdaARN: rotation.functionId, RotationRules: rotation.rules }),
      VersionIdsToStages: Object.fromEntries(
        Object.entries(secret.versions)
          .filter(([, { stages }]) => stages.length > 0)
          .map(([id, { stages }]) => [id, stages]),
      ),
    };
  }

  #updateSecretVersionStage(request: SecretsRequest): Readonly<Record<string, unknown>> {
    const secret = this.#find(request);
    const stage = text(request, "VersionStage");
    const to = optionalText(request, "MoveToVersionId");
    checkMove(secret, stage, optionalText(request, "RemoveFromVersionId"), to);
    if (to !== undefined) label(secret, stage, to);
    else unlabel(secret, stage);
    this.#save();
    return { ARN: secret.arn, Name: secret.name };
  }

  /** By ARN, by name, or by ARN without the six random characters at its end. */
  #find(request: SecretsRequest): Secret {
    const id = text(request, "SecretId");
    const secret =
      this.#secrets.get(id) ??
      [...this.#secrets.values()].find(({ arn, name }) => name === id || arn.replace(/-[^-]{6}$/, "") === id);
    if (secret === undefined) {
      throw new SecretsManagerError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    }
    return secret;
  }

  /** Makes a version, or gives its value to the version that a rotation began. */
  #put(secret: Secret, id: string, secretString: string | undefined, stages: readonly string[]): void {
    // The first value of a secret is always its current value, too.
    const first = secretString !== undefined && holderOf(secret, "AWSCURRENT") === undefined;
    secret.versions[id] = {
      ...(secretString !== undefined && { secretString }),
      createdDate: this.#seconds(),
      stages: secret.versions[id]?.stages ?? [],
    };
    for (const stage of new Set([...stages, ...(first ? ["AWSCURRENT"] : [])])) label(secret, stage, id);
  }

  #seconds(): number {
    return this.#now() / 1000;
  }

  #save(): void {
    if (this.#file === undefined) return;
    writeJsonFile(this.#file, [...this.#secrets.values()]);
  }
}

function holderOf(secret: Secret, stage: string): string | undefined {
  return Object.entries(secret.versions).find(([, { stages }]) => stages.includes(stage))?.[0];
}

function unlabel(secret: Secret, stage: string): void {
  for (const { stages } of Object.values(secret.versions)) {
    const index = stages.indexOf(stage);
    if (index >= 0) stages.splice(index, 1);
  }
}

/** Moves a label. The version that loses AWSCURRENT becomes AWSPREVIOUS. */
function label(secret: Secret, stage: string, id: string): void {
  const before = holderOf(secret, stage);
  if (before === id) return;
  unlabel(secret, stage);
  secret.versions[id]?.stages.push(stage);
  if (stage === "AWSCURRENT" && before !== undefined) {
    unlabel(secret, "AWSPREVIOUS");
    secret.versions[before]?.stages.push("AWSPREVIOUS");
  }
}

/** @throws SecretsManagerError when the label cannot move between these versions */
function checkMove(secret: Secret, stage: string, from: string | undefined, to: string | undefined): void {
  const holder = holderOf(secret, stage);
  const missing = [from, to].find((id) => id !== undefined && secret.versions[id] === undefined);
  if (missing !== undefined) {
    throw new SecretsManagerError(
      "ResourceNotFoundException",
      `Secrets Manager can't find the specified secret version: ${missing}`,
    );
  }
  const invalid =
    from !== undefined && holder !== from
      ? `The staging label ${stage} isn't currently attached to version ${from}.`
      : to !== undefined && holder !== undefined && holder !== to && from === undefined
        ? `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`
        : stage === "AWSCURRENT" && to === undefined
          ? "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed."
          : undefined;
  if (invalid !== undefined) throw new SecretsManagerError("InvalidParameterException", invalid);
}

function optionalText(request: SecretsRequest, name: string): string | undefined {
  const value = request[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || value === "")
    throw new SecretsManagerError("InvalidParameterException", `${name} must be a string`);
  return value;
}

function text(request: SecretsRequest, name: string): string {
  const value = optionalText(request, name);
  if (value === undefined) throw new SecretsManagerError("InvalidParameterException", `${name} is missing`);
  return value;
}
