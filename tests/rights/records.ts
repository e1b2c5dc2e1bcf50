/** Collects the usage of rights from all hosts of a test run. */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { mergeUsage, type RightsUsage } from "../../infra/local/iam/rights-usage.ts";

/** The folder of a run's records; without it nothing is recorded. */
export const rightsFolderVariable = "PORTICO_RIGHTS_FOLDER";

export interface RightsRecord extends RightsUsage {
  /** Absolute path of the test file that started the host. */
  readonly testPath: string;
}

const recordsIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(folder, name));

/** Writes the usage of one host. */
export function writeRecord(folder: string, record: RightsRecord): void {
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify(record));
}

/** Deletes the records of the previous run. */
export function clearRecords(folder: string): void {
  for (const path of recordsIn(folder)) rmSync(path);
}

/**
 * The usage of all hosts of a run. It contains every denial, but only the uses of test files below `suite`: production does
 * not need a right that only a special test uses.
 *
 * @param suite absolute path of a folder
 */
export function collectUsage(folder: string, suite: string): RightsUsage {
  const records = recordsIn(folder).map((path) => JSON.parse(readFileSync(path, "utf8")) as RightsRecord);
  return mergeUsage(
    records.map(({ testPath, grants, denials }) => ({
      grants: testPath.startsWith(suite + sep) ? grants : grants.map((grant) => ({ ...grant, uses: 0 })),
      denials,
    })),
  );
}
