/** The tests of the console and the docs page in a browser: `npm run test:browser`. */
import type { Config } from "jest";
import base from "../../jest.config.ts";

const config: Config = {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/browser/**/*.test.ts"],
  testPathIgnorePatterns: [],
};

export default config;
