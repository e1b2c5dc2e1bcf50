/** How far each mapping has processed each shard, so that a restart goes on there: a record comes again, and none is lost. */
import * as z from "zod";
import { readJsonFile, writeJsonFile } from "../support/json-file.ts";

const schema = z.record(z.string(), z.record(z.string(), z.string()));

export class StreamPositions {
  readonly #file: string | undefined;
  /** Mapping id → shard id → sequence number of the last record. */
  #positions: Record<string, Record<string, string>>;
  #changed = false;

  /**
   * @param file keeps the positions; in memory when absent
   * @throws LocalHostError when something else wrote the file
   */
  constructor(file?: string) {
    this.#file = file;
    this.#positions =
      (file === undefined
        ? undefined
        : readJsonFile(file, schema, "delete it to read the stream from its beginning")) ?? {};
  }

  /** Undefined for a shard of which nothing has been processed. */
  of(mappingId: string, shardId: string): string | undefined {
    return this.#positions[mappingId]?.[shardId];
  }

  move(mappingId: string, shardId: string, sequenceNumber: string): void {
    (this.#positions[mappingId] ??= {})[shardId] = sequenceNumber;
    this.#changed = true;
  }

  /** Forgets everything: the tables are new. */
  clear(): void {
    this.#positions = {};
    this.#changed = true;
    this.save();
  }

  save(): void {
    if (this.#file === undefined || !this.#changed) return;
    writeJsonFile(this.#file, this.#positions);
    this.#changed = false;
  }
}
