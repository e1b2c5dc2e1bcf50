import { availableParallelism } from "node:os";
import type { Config } from "jest";

const config: Config = {
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
  // They have their own commands and configurations: `npm run test:infra`, `test:samples`, `test:browser` and `test:torture`.
  testPathIgnorePatterns: ["infra", "alarms", "samples", "browser", "torture", "fuzz"].map(
    (folder) => `<rootDir>/tests/${folder}/`,
  ),
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/tests/support/transform.mjs" },
  testEnvironment: "<rootDir>/tests/support/environment.mjs",
  globalSetup: "<rootDir>/tests/support/global-setup.ts",
  globalTeardown: "<rootDir>/tests/support/global-teardown.ts",
  reporters: ["default", "<rootDir>/tests/support/rights-reporter.ts"],
  runner: "<rootDir>/tests/support/runner.mjs",
  testSequencer: "<rootDir>/tests/support/sequencer.mjs",
  // A worker with its functions keeps a core busy. Each has a host of its own, with dozens of processes. The runner adds one for
  // files that wait.
  maxWorkers: Math.min(4, availableParallelism()),
  // A worker ends with its host and dozens of functions: on a busy machine Jest's half a second is too short.
  workerGracefulExitTimeout: 10_000,
  // A host starts in a second or two, on a busy machine in more; nothing asserts on it.
  testTimeout: 60_000,
  modulePathIgnorePatterns: ["<rootDir>/dist/", "<rootDir>/cdk.out/", "<rootDir>/.portico/"],
};

export default config;
