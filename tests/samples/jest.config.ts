/** The programs that partners copy, in every language that this machine has: `npm run test:samples`. */
import type { Config } from "jest";
import base from "../../jest.config.ts";

const config: Config = {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/samples/**/*.test.ts"],
  testPathIgnorePatterns: [],
};

export default config;
