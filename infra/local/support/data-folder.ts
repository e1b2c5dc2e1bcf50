/** Checks that the parts of the data in a folder belong together: a table with other secrets cannot be read. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { LocalHostError } from "./errors.ts";
import { readJsonFile, shown, writeJsonFile } from "./json-file.ts";

/** Raise it when Portico no longer reads the items or secrets that earlier versions stored. */
const dataVersion = 5;

const identities = z.record(z.string(), z.string());
const schema = z.object({
  version: z.number(),
  /** Table name → id that the engine gave it. */
  tables: identities.default({}),
  /** ARN of a secret → its creation. */
  secrets: identities.default({}),
});

export type Identities = Readonly<Record<string, string>>;

export class DataFolder {
  readonly #folder: string;
  /** Whether the tables are in the folder, not in an engine of the developer's. */
  readonly #holdsTables: boolean;
  #kept: Pick<z.output<typeof schema>, "tables" | "secrets">;

  /**
   * Opens a folder, or begins a new one.
   *
   * @throws LocalHostError when the data is of a different version, or a part of it is missing
   */
  constructor(folder: string, { holdsTables }: { readonly holdsTables: boolean }) {
    this.#folder = folder;
    this.#holdsTables = holdsTables;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const kept = readJsonFile(this.path("data.json"), schema, this.#remedy);
    const isOfOtherVersion =
      kept === undefined ? this.#has("table.db") || this.#has("secrets.json") : kept.version !== dataVersion;
    if (isOfOtherVersion) {
      throw new LocalHostError(
        `${shown(folder)} holds data of a different version of Portico: delete it to start with an empty table`,
      );
    }
    this.#kept = kept ?? { tables: {}, secrets: {} };
    if (kept === undefined) this.#write();
    const parts = [
      ...(holdsTables && Object.keys(this.#kept.tables).length > 0 ? ["table.db"] : []),
      ...(Object.keys(this.#kept.secrets).length > 0 ? ["secrets.json"] : []),
    ];
    const missing = parts.find((name) => !this.#has(name));
    if (missing !== undefined) this.#refuse(missing, "is missing beside the rest of its data");
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /**
   * Compares what a start found with what the folder recorded.
   *
   * @param served names of the template's tables; a recorded table of an earlier template is left alone
   * @throws LocalHostError when a table or secret is missing, or is not the recorded one
   */
  check(served: readonly string[], tables: Identities, secrets: Identities): void {
    const recorded = this.#kept;
    if (Object.entries(recorded.secrets).some(([arn, id]) => secrets[arn] !== id)) {
      this.#refuse("secrets.json", "does not hold the secrets that the table was made with");
    }
    if (served.every((name) => recorded.tables[name] === undefined || recorded.tables[name] === tables[name])) return;
    if (this.#holdsTables) this.#refuse("table.db", "is not the table that the secrets beside it belong to");
    throw new LocalHostError(
      `DYNAMODB_ENDPOINT does not hold the table that the secrets in ${shown(this.#folder)} belong to: start that engine with its data, or ${this.#remedy}`,
    );
  }

  /** Records new tables and secrets. */
  record(tables: Identities, secrets: Identities): void {
    this.#kept = { tables: { ...this.#kept.tables, ...tables }, secrets: { ...this.#kept.secrets, ...secrets } };
    this.#write();
  }

  get #remedy(): string {
    return `delete ${shown(this.#folder)} to start with an empty table`;
  }

  #has(name: string): boolean {
    return existsSync(this.path(name));
  }

  #write(): void {
    writeJsonFile(this.path("data.json"), { version: dataVersion, ...this.#kept });
  }

  #refuse(name: string, reason: string): never {
    throw new LocalHostError(`${shown(this.path(name))} ${reason}: put it back, or ${this.#remedy}`);
  }
}
