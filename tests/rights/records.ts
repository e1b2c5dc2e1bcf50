/** Collects the rights usage of all hosts of a test run, in one file per host. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { rightId, type Denial, type RightsUsage, type RightUsage } from "../../infra/local/iam/rights-usage.ts";

/** Names the folder in which a run collects its records. Without it nothing is recorded. */
export const rightsFolderVariable = "PORTICO_RIGHTS_FOLDER";

export interface RightsRecord extends RightsUsage {
  /** Absolute path of the test file that ran the host. */
  readonly testPath: string;
}

const recordsIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(folder, name));

/**
 * Writes what one host has counted.
 *
 * @param id names the host: its next record replaces this one
 */
export function writeRecord(folder: string, id: string, record: RightsRecord): void {
  writeFileSync(join(folder, `${id}.json`), JSON.stringify(record));
}

/** Removes the records of an earlier run. */
export function clearRecords(folder: string): void {
  for (const path of recordsIn(folder)) rmSync(path);
}

/** Adds up the usage of several hosts. */
export function mergeUsage(usages: readonly RightsUsage[]): RightsUsage {
  const rights = new Map<string, RightUsage>();
  const denials = new Map<string, Denial>();
  for (const usage of usages) {
    for (const right of usage.rights) {
      const id = rightId(right);
      rights.set(id, { ...right, uses: right.uses + (rights.get(id)?.uses ?? 0) });
    }
    for (const denial of usage.denials) {
      const known = denials.get(denial.message);
      denials.set(denial.message, { ...(known ?? denial), times: denial.times + (known?.times ?? 0) });
    }
  }
  return { rights: [...rights.values()], denials: [...denials.values()] };
}

/**
 * The usage of all hosts of a run. Every denial counts, but only the uses of test files below `suite`: a right that only a
 * special test needs is no right that production needs.
 *
 * @param suite absolute path of a folder
 */
export function collectUsage(folder: string, suite: string): RightsUsage {
  const records = recordsIn(folder).map((path) => JSON.parse(readFileSync(path, "utf8")) as RightsRecord);
  return mergeUsage(
    records.map(({ testPath, rights, denials }) => ({
      rights: testPath.startsWith(suite + sep) ? rights : rights.map((right) => ({ ...right, uses: 0 })),
      denials,
    })),
  );
}
