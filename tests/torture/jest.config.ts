/** The scenarios under faults, crashes and crowds, and the corpus of the fuzzer: `npm run test:torture`. */
import type { Config } from "jest";
import base from "../../jest.config.ts";

const config: Config = {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/{torture,fuzz}/**/*.test.ts"],
  testPathIgnorePatterns: [],
};

export default config;
