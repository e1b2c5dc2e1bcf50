// A worker more for files that wait. While both cores' workers wait, nothing else would run; but each worker that takes an
// end-to-end file keeps a host with dozens of processes, so one more worker for all files costs more than it gains.
import TestRunner from "jest-runner";

/** Files that wait for more of their time than they compute. None of them uses the host that files of a worker share. */
const waiting = [
  "e2e/platform/expiry",
  "e2e/platform/key-rotation",
  "e2e/platform/ledger-check",
  "e2e/usage/",
  "e2e/webhooks/deliveries",
  "integration/identity/throttled-signing-keys",
  "integration/local/",
  "unit/identity/external-identity",
];

export default class RunnerWithWaitingFiles extends TestRunner {
  #waiting;

  constructor(globalConfig, context) {
    super(globalConfig, context);
    this.#waiting = new TestRunner({ ...globalConfig, maxWorkers: 1 }, context);
  }

  async runTests(tests, watcher, options) {
    const waits = ({ path, context }) =>
      waiting.some((start) => path.startsWith(`${context.config.rootDir}/tests/${start}`));
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
