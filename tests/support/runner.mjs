// One worker more than cores, for files that wait: while they wait, the other workers use the cores. It takes no other files, because
// each worker that takes an end-to-end file starts a host with dozens of processes, which costs more than it gains.
import { existsSync } from "node:fs";
import { join } from "node:path";
import TestRunner from "jest-runner";

/** Files and folders of `tests` that wait more than they compute. None of them uses the host that the files of a worker share. */
const waiting = [
  "e2e/platform/expiry.test.ts",
  "e2e/platform/key-rotation.test.ts",
  "e2e/platform/ledger-check.test.ts",
  "e2e/usage",
  "e2e/webhooks/deliveries.test.ts",
  "integration/identity/throttled-signing-keys.test.ts",
  "integration/local",
  "unit/identity/external-identity.test.ts",
];

export default class RunnerWithWaitingFiles extends TestRunner {
  #paths;
  #waiting;

  constructor(globalConfig, context) {
    super(globalConfig, context);
    this.#paths = waiting.map((path) => join(globalConfig.rootDir, "tests", path));
    const missing = this.#paths.filter((path) => !existsSync(path));
    if (missing.length > 0) throw new Error(`tests/support/runner.mjs names missing files: ${missing.join(", ")}`);
    this.#waiting = new TestRunner({ ...globalConfig, maxWorkers: 1 }, context);
  }

  async runTests(tests, watcher, options) {
    const waits = ({ path }) => this.#paths.some((start) => path.startsWith(start));
    const [apart, others] = [tests.filter(waits), tests.filter((test) => !waits(test))];
    if (options.serial || apart.length === 0 || others.length === 0) {
      return await super.runTests(tests, watcher, options);
    }
    await Promise.all([super.runTests(others, watcher, options), this.#waiting.runTests(apart, watcher, options)]);
  }

  on(name, listener) {
    const ends = [super.on(name, listener), this.#waiting.on(name, listener)];
    return () => ends.forEach((end) => end());
  }
}
