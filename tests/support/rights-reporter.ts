/**
 * Fails a run in which a function was denied an action or, if the whole end-to-end suite ran, has a right that no call used.
 * In production the first would be an outage, and the second would help an attacker who controls the function.
 */
import { readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { clearRecords, collectUsage, rightsFolderVariable } from "../rights/records.ts";
import { isFlawless, judge, usageFoot, verdictTable } from "../rights/verdict.ts";
import { rightsExceptions } from "../rights/exceptions.ts";

/** The relevant parts of Jest's configuration and results. */
interface GlobalConfig {
  readonly rootDir: string;
  readonly testNamePattern?: string;
}
interface Results {
  readonly wasInterrupted?: boolean;
  readonly testResults: readonly {
    readonly testFilePath: string;
    readonly numFailingTests: number;
    readonly testExecError?: unknown;
  }[];
}

/** The message about a run, and whether it fails. */
export interface RunVerdict {
  readonly text: string | undefined;
  readonly failed: boolean;
}

/**
 * Judges the rights by the records of a run's hosts. Denials always count; unused rights only if the whole end-to-end suite
 * ran.
 *
 * @param folder holds the records
 */
export function judgeRun(config: GlobalConfig, results: Results, folder: string): RunVerdict {
  const suite = join(config.rootDir, "tests", "e2e");
  const usage = collectUsage(folder, suite);
  const partial = whyPartial(config, results, suite);
  const judged = judge(usage, rightsExceptions);
  const verdict = partial === undefined ? judged : { denials: judged.denials, unused: [], idle: [] };
  const notJudged = `whether all are used was not judged, for ${partial}.`;
  if (!isFlawless(verdict)) {
    const hint = partial === undefined ? usageFoot : `And ${notJudged}`;
    const text = `Rights: FAILED\n\n${verdictTable(verdict)}\n\n${hint}\n\`npm run rights\` prints the whole table.`;
    return { text, failed: true };
  }
  if (usage.rights.length === 0) return { text: undefined, failed: false };
  const text = partial === undefined ? `all ${usage.rights.length} were used, and no call was denied.` : notJudged;
  return { text: `Rights: ${text}`, failed: false };
}

/** Why unused rights do not count in this run; undefined if the whole suite ran. */
function whyPartial(config: GlobalConfig, { wasInterrupted, testResults }: Results, suite: string): string | undefined {
  if (wasInterrupted === true) return "the run was interrupted";
  if (config.testNamePattern) return "the tests were chosen by name";
  const ran = testResults.filter(({ testFilePath }) => testFilePath.startsWith(suite + sep));
  const files = readdirSync(suite, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".test.ts"));
  if (ran.length < files.length) {
    return `only ${ran.length} of the ${files.length} files of tests/e2e ran (npm run rights runs them all)`;
  }
  const failed = ran.some(({ numFailingTests, testExecError }) => numFailingTests > 0 || Boolean(testExecError));
  return failed ? "end-to-end tests failed" : undefined;
}

export default class RightsReporter {
  readonly #config: GlobalConfig;
  #failed = false;

  constructor(config: GlobalConfig) {
    this.#config = config;
  }

  onRunStart(): void {
    const folder = process.env[rightsFolderVariable];
    if (folder !== undefined) clearRecords(folder);
  }

  onRunComplete(_contexts: unknown, results: Results): void {
    const folder = process.env[rightsFolderVariable];
    if (folder === undefined) return;
    const { text, failed } = judgeRun(this.#config, results, folder);
    this.#failed = failed;
    if (text !== undefined) process.stderr.write(`\n${text}\n`);
  }

  /** Jest fails a run in which a reporter has an error. */
  getLastError(): Error | undefined {
    return this.#failed ? new Error("the functions' rights are not what they need") : undefined;
  }
}
