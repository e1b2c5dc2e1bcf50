/** The usage of rights on its way from the hosts of a test run to the judgement over all of them. */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { mergeUsage, type RightsUsage } from "../../infra/local/iam/rights-usage.ts";

/** Names the folder in which a run collects its records; without it nothing is recorded. */
export const rightsFolderVariable = "PORTICO_RIGHTS_FOLDER";

export interface RightsRecord extends RightsUsage {
  /** Absolute path of the test file whose host it was. */
  readonly testPath: string;
}

const recordsIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(folder, name));

/** Keeps what one host has counted. */
export function writeRecord(folder: string, record: RightsRecord): void {
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify(record));
}

/** Forgets the run before. */
export function clearRecords(folder: string): void {
  for (const path of recordsIn(folder)) rmSync(path);
}

/**
 * What all hosts of a run have counted. Every denial is in it, but only the uses of test files below `suite`: a right that
 * nothing but a special test needs is no right that production needs.
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
