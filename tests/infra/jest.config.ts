/** The tests of the templates, and of the alarms in them: `npm run test:infra`. */
import type { Config } from "jest";
import base from "../../jest.config.ts";

const config: Config = {
  ...base,
  globalSetup: "<rootDir>/tests/support/global-setup-as-deployed.ts",
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/{infra,alarms}/**/*.test.ts"],
  testPathIgnorePatterns: [],
};

export default config;
