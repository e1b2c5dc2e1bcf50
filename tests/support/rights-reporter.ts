/**
 * Fails a run in which a function was denied something or, when the whole end-to-end suite ran, holds a right that no call
 * used. Both would otherwise show in production: as an outage, or as a power for whoever takes the function over.
 */
import { readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { clearRecords, collectUsage, rightsFolderVariable } from "../../infra/local/rights-records.ts";
import { isFlawless, judge, usageFoot, verdictTable } from "../../infra/local/rights-usage.ts";
import { rightsExceptions } from "../../infra/rights-exceptions.ts";

/** The parts of Jest's configuration and results that matter here. */
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

export default class RightsReporter {
  readonly #config: GlobalConfig;
  readonly #suite: string;
  #error: Error | undefined;

  constructor(config: GlobalConfig) {
    this.#config = config;
    this.#suite = join(config.rootDir, "tests", "e2e");
  }

  onRunStart(): void {
    const folder = process.env[rightsFolderVariable];
    if (folder !== undefined) clearRecords(folder);
  }

  onRunComplete(_contexts: unknown, results: Results): void {
    const folder = process.env[rightsFolderVariable];
    if (folder === undefined) return;
    const usage = collectUsage(folder, this.#suite);
    const { denials, ...rest } = judge(usage, rightsExceptions);
    const partial = this.#whyPartial(results);
    const verdict = partial === undefined ? { denials, ...rest } : { denials, unused: [], idle: [] };
    if (partial !== undefined && usage.grants.length > 0)
      say(`Rights: whether all are used was not judged, for ${partial}.`);
    if (isFlawless(verdict)) {
      if (partial === undefined) say(`Rights: all ${usage.grants.length} were used, and no call was denied.`);
      return;
    }
    this.#error = new Error("the functions' rights are not what they need");
    say(`Rights: FAILED\n\n${verdictTable(verdict)}\n\n${usageFoot} \`npm run rights\` prints the whole table.`);
  }

  /** Jest fails a run in which a reporter has an error. */
  getLastError(): Error | undefined {
    return this.#error;
  }

  /** Why a right that is unused in this run may be used nevertheless; undefined when all of the suite ran. */
  #whyPartial({ wasInterrupted, testResults }: Results): string | undefined {
    if (wasInterrupted === true) return "the run was interrupted";
    if (this.#config.testNamePattern) return "the tests were chosen by name";
    const suite = testResults.filter(({ testFilePath }) => testFilePath.startsWith(this.#suite + sep));
    const files = readdirSync(this.#suite, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".test.ts"),
    );
    if (suite.length < files.length) {
      return `only ${suite.length} of the ${files.length} files of tests/e2e ran (npm run rights runs them all)`;
    }
    const failed = suite.some(
      ({ numFailingTests, testExecError }) => numFailingTests > 0 || testExecError !== undefined,
    );
    return failed ? "end-to-end tests failed" : undefined;
  }
}

function say(text: string): void {
  process.stderr.write(`\n${text}\n`);
}
