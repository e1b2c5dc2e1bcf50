/** The JSON files in the data folder. Only their owner can read them, and they are replaced in one step. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import type * as z from "zod";
import { LocalHostError, messageOf } from "./errors.ts";
import { parseOrRefuse } from "./parsing.ts";

/** A path as messages show it. */
export const shown = (path: string): string => {
  const short = relative(process.cwd(), path);
  return short === "" || short.startsWith("..") ? path : short;
};

/**
 * Reads a file.
 *
 * @param remedy ends the error's line: what to do about a file that something else wrote
 * @returns undefined when there is no such file
 * @throws LocalHostError naming the file when its content does not fit the schema
 */
export function readJsonFile<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  remedy: string,
): z.output<Schema> | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return parseOrRefuse(schema, JSON.parse(readFileSync(file, "utf8")), "");
  } catch (error) {
    throw new LocalHostError(`cannot read ${shown(file)}: ${messageOf(error)}; ${remedy}`);
  }
}

export function writeJsonFile(file: string, value: unknown): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, file);
}
