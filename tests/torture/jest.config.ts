/** The scenarios under faults, crashes and crowds: `npm run test:torture`. */
import type { Config } from "jest";
import base from "../../jest.config.ts";

const config: Config = {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/torture/**/*.test.ts"],
  testPathIgnorePatterns: [],
};

export default config;
