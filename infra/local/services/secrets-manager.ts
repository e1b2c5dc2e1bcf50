/** A stand-in for Secrets Manager: its AWS JSON 1.1 protocol, versions and staging labels, kept in one file or in memory. */
import { randomInt, randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { LocalHostError, messageOf } from "../support/errors.ts";
import type { RotationModel, SecretGenerator, SecretModel } from "../template/read-deployment.ts";

interface Version {
  /** Absent until the rotation that has begun the version puts it. */
  readonly secretString?: string;
  /** Seconds since the epoch. */
  readonly createdDate: number;
  readonly stages: string[];
}

interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly description?: string;
  readonly createdDate: number;
  /** Version id → version. */
  readonly versions: Record<string, Version>;
}

/** An error that a caller of Secrets Manager gets, by AWS's name. */
class SecretsError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A request's parameters as the SDK sends them. */
export type SecretsRequest = Readonly<Record<string, unknown>>;

export interface SecretsAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const lowercase = "abcdefghijklmnopqrstuvwxyz";
const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/**
 * Generates a value as `GenerateSecretString` describes it.
 *
 * @throws LocalHostError when the options leave no characters, or too short a length for one of each kind
 */
export function generateSecret(options: SecretGenerator): string {
  const kinds = [
    options.excludeLowercase ? "" : lowercase,
    options.excludeUppercase ? "" : lowercase.toUpperCase(),
    options.excludeNumbers ? "" : "0123456789",
    options.excludePunctuation ? "" : punctuation,
    options.includeSpace ? " " : "",
  ]
    .map((kind) => [...kind].filter((character) => !options.excludeCharacters.includes(character)))
    .filter((kind) => kind.length > 0);
  const all = kinds.flat();
  const required = options.requireEachIncludedType ? kinds : [];
  if (all.length === 0 || required.length > options.length) {
    throw new LocalHostError("GenerateSecretString leaves no way to make a password");
  }
  const pick = (from: readonly string[]): string => from[randomInt(from.length)] as string;
  const characters = [
    ...required.map(pick),
    ...Array.from({ length: options.length - required.length }, () => pick(all)),
  ];
  for (let index = characters.length - 1; index > 0; index--) {
    const other = randomInt(index + 1);
    [characters[index], characters[other]] = [characters[other] as string, characters[index] as string];
  }
  const password = characters.join("");
  if (options.template === undefined || options.key === undefined) return password;
  return JSON.stringify({ ...(JSON.parse(options.template) as object), [options.key]: password });
}

export class SecretsStub {
  readonly #file: string | undefined;
  readonly #secrets: Map<string, Secret>;
  readonly #now: () => number;
  /** ARN → how the secret is rotated: what the template says now, so it is not kept. */
  readonly #rotations = new Map<string, RotationModel>();

  /**
   * @param file where the secrets are kept (mode 0600); in memory when absent
   * @param now milliseconds since the epoch
   * @throws LocalHostError when the file is not what this class wrote
   */
  constructor(file?: string, now: () => number = Date.now) {
    this.#file = file;
    this.#now = now;
    try {
      const kept =
        file !== undefined && existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as readonly Secret[]) : [];
      this.#secrets = new Map(kept.map((secret) => [secret.arn, secret]));
    } catch (error) {
      throw new LocalHostError(`cannot read ${String(file)}: ${messageOf(error)}; delete it to start anew`);
    }
  }

  /** Creates the secrets of a template that do not exist yet; existing values stay. */
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

  /** The current value of a secret; undefined when there is none. */
  current(arn: string): string | undefined {
    return Object.values(this.#secrets.get(arn)?.versions ?? {}).find(({ stages }) => stages.includes("AWSCURRENT"))
      ?.secretString;
  }

  /**
   * Begins a rotation as `RotateSecret` does: a version without a value, labelled AWSPENDING. One that an earlier rotation has
   * left pending is taken up again.
   *
   * @param arn of a secret that exists
   * @returns the version's id, which every step of the rotation gets as its `ClientRequestToken`
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

  /** Id of the version that has a label; undefined when none has it. */
  versionOf(arn: string, stage: string): string | undefined {
    return holderOf(this.#find({ SecretId: arn }), stage);
  }

  /** Answers one call as Secrets Manager does; errors become answers with AWS's names. */
  answer(action: string, request: SecretsRequest): SecretsAnswer {
    try {
      const body = this.#act(action, request);
      return { status: 200, body };
    } catch (error) {
      if (!(error instanceof SecretsError)) throw error;
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
      case "ListSecretVersionIds":
        return this.#listSecretVersionIds(request);
      case "UpdateSecretVersionStage":
        return this.#updateSecretVersionStage(request);
      default:
        throw new SecretsError("UnknownOperationException", `the local Secrets Manager does not know ${action}`);
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
      throw new SecretsError(
        "ResourceNotFoundException",
        `Secrets Manager can't find the specified secret value for ${which}`,
      );
    }
    const [versionId, version] = found;
    if (stage !== undefined && !version.stages.includes(stage)) {
      throw new SecretsError(
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
      throw new SecretsError("InvalidParameterException", "the local Secrets Manager keeps SecretString only");
    }
    const id = optionalText(request, "ClientRequestToken") ?? randomUUID();
    const stages = (request["VersionStages"] as readonly string[] | undefined) ?? ["AWSCURRENT"];
    if (stages.length === 0) throw new SecretsError("InvalidParameterException", "VersionStages must not be empty");
    const existing = secret.versions[id];
    if (existing?.secretString !== undefined && existing.secretString !== value) {
      throw new SecretsError(
        "ResourceExistsException",
        `A version with the ClientRequestToken ${id} exists and holds another value.`,
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

  #listSecretVersionIds(request: SecretsRequest): Readonly<Record<string, unknown>> {
    const secret = this.#find(request);
    const versions = Object.entries(secret.versions)
      .filter(([, { stages }]) => stages.length > 0 || request["IncludeDeprecated"] === true)
      .map(([id, { stages, createdDate }]) => ({ VersionId: id, VersionStages: stages, CreatedDate: createdDate }));
    return { ARN: secret.arn, Name: secret.name, Versions: versions };
  }

  #updateSecretVersionStage(request: SecretsRequest): Readonly<Record<string, unknown>> {
    const secret = this.#find(request);
    const stage = text(request, "VersionStage");
    const from = optionalText(request, "RemoveFromVersionId");
    const to = optionalText(request, "MoveToVersionId");
    const holder = holderOf(secret, stage);
    for (const id of [from, to]) {
      if (id !== undefined && secret.versions[id] === undefined) {
        throw new SecretsError(
          "ResourceNotFoundException",
          `Secrets Manager can't find the specified secret version: ${id}`,
        );
      }
    }
    if (from !== undefined && holder !== from) {
      throw new SecretsError(
        "InvalidParameterException",
        `The staging label ${stage} isn't currently attached to version ${from}.`,
      );
    }
    if (to !== undefined && holder !== undefined && holder !== to && from === undefined) {
      throw new SecretsError(
        "InvalidParameterException",
        `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
      );
    }
    if (stage === "AWSCURRENT" && to === undefined) {
      throw new SecretsError(
        "InvalidParameterException",
        "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
      );
    }
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
      throw new SecretsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    }
    return secret;
  }

  /** Makes a version, or gives its value to one that a rotation has begun. @param secretString undefined for none yet */
  #put(secret: Secret, id: string, secretString: string | undefined, stages: readonly string[]): void {
    // A secret's first value is its current one, whatever else it is.
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
    const temporary = `${this.#file}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify([...this.#secrets.values()], undefined, 2), { mode: 0o600 });
    renameSync(temporary, this.#file);
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

/** Moves a label; the version that loses AWSCURRENT becomes AWSPREVIOUS. */
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

function optionalText(request: SecretsRequest, name: string): string | undefined {
  const value = request[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || value === "")
    throw new SecretsError("InvalidParameterException", `${name} must be a string`);
  return value;
}

function text(request: SecretsRequest, name: string): string {
  const value = optionalText(request, name);
  if (value === undefined) throw new SecretsError("InvalidParameterException", `${name} is missing`);
  return value;
}
