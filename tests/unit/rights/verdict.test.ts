import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collectUsage, writeRecord } from "../../rights/records.ts";
import { isFlawless, judge, usageTable } from "../../rights/verdict.ts";
import type { Denial, RightUsage } from "../../../infra/local/iam/rights-usage.ts";
import { judgeRun } from "../../support/rights-reporter.ts";

const table = "arn:aws:dynamodb:us-east-1:000000000000:table/Things";
const right = (action: string, uses: number, more: Partial<RightUsage> = {}): RightUsage => ({
  ...{ functionName: "Portico-local-partners-read", action, resource: table, leadingKeys: "PARTNERS", uses },
  ...more,
});
const denial: Denial = {
  ...{ functionName: "Portico-local-partners-read", action: "dynamodb:PutItem", resource: table, leadingKeys: ["A"] },
  ...{ message: "User: x is not authorized because no identity-based policy allows the action", times: 2 },
};

let rootDir: string;
let folder: string;
const testFile = (...path: string[]) => join(rootDir, "tests", ...path);
beforeEach(() => {
  rootDir = mkdtempSync(join(tmpdir(), "portico-rights-"));
  folder = join(rootDir, "records");
  for (const path of [folder, testFile("e2e"), testFile("torture")]) mkdirSync(path, { recursive: true });
  for (const name of ["a.test.ts", "b.test.ts"]) writeFileSync(testFile("e2e", name), "");
});
afterEach(() => rmSync(rootDir, { recursive: true, force: true }));

const record = (testPath: string, rights: RightUsage[], denials: Denial[] = []) =>
  writeRecord(folder, randomUUID(), { testPath, rights, denials });
const ran = (...names: string[]) => ({
  testResults: names.map((name) => ({ testFilePath: testFile("e2e", name), numFailingTests: 0 })),
});
const whole = () => ran("a.test.ts", "b.test.ts");

test("a right that one host of the suite used is used", () => {
  record(testFile("e2e", "a.test.ts"), [right("dynamodb:GetItem", 0)]);
  record(testFile("e2e", "b.test.ts"), [right("dynamodb:GetItem", 3)]);
  expect(judgeRun({ rootDir }, whole(), folder)).toEqual({
    text: "Rights: all 1 were used, and no call was denied.",
    failed: false,
  });
});

test("a right that no call of the whole suite used fails the run, and is named", () => {
  record(testFile("e2e", "a.test.ts"), [right("dynamodb:GetItem", 1), right("dynamodb:PutItem", 0)]);
  const { text, failed } = judgeRun({ rootDir }, whole(), folder);
  expect(failed).toBe(true);
  expect(text).toMatch(/granted, but never used.*\nPortico-local-partners-read +dynamodb:PutItem +PARTNERS/);
  expect(text).not.toContain("dynamodb:GetItem");
});

test("a right that only tests outside of the suite use counts as unused", () => {
  record(testFile("e2e", "a.test.ts"), [right("dynamodb:GetItem", 0)]);
  record(testFile("torture", "a.test.ts"), [right("dynamodb:GetItem", 9)]);
  expect(collectUsage(folder, testFile("e2e")).rights).toEqual([right("dynamodb:GetItem", 0)]);
});

test("a denied call fails any run", () => {
  record(testFile("torture", "a.test.ts"), [right("dynamodb:GetItem", 1)], [denial]);
  const { text, failed } = judgeRun({ rootDir }, ran("a.test.ts"), folder);
  expect(failed).toBe(true);
  expect(text).toMatch(/denied: .*\nPortico-local-partners-read +2 × +dynamodb:PutItem +A/);
  expect(text).toContain("only 1 of the 2 files of tests/e2e ran");
});

test.each<[string, object, object, string]>([
  ["a part of the files", {}, { testResults: [] }, "only 0 of the 2 files of tests/e2e ran"],
  ["tests chosen by name", { testNamePattern: "x" }, {}, "the tests were chosen by name"],
  ["an interrupted run", {}, { wasInterrupted: true }, "the run was interrupted"],
])("%s says nothing about unused rights, and the report says so", (_, config, results, reason) => {
  record(testFile("e2e", "a.test.ts"), [right("dynamodb:GetItem", 0)]);
  const { text, failed } = judgeRun({ rootDir, ...config }, { ...whole(), ...results }, folder);
  expect(failed).toBe(false);
  expect(text).toContain(`not judged, for ${reason}`);
});

test("a failed test of the suite leaves unused rights unjudged", () => {
  record(testFile("e2e", "a.test.ts"), [right("dynamodb:GetItem", 0)]);
  const results = { testResults: whole().testResults.map((result) => ({ ...result, numFailingTests: 1 })) };
  expect(judgeRun({ rootDir }, results, folder).text).toContain("end-to-end tests failed");
});

test("a run without any host has nothing to report", () => {
  expect(judgeRun({ rootDir }, ran(), folder)).toEqual({ text: undefined, failed: false });
});

test("an exception excuses an unused right, and is itself a fault once the right is used", () => {
  const { functionName, leadingKeys } = right("dynamodb:GetItem", 0);
  const exception = { functionName, action: "dynamodb:GetItem", leadingKeys: leadingKeys!, reason: "a reason" };
  const verdictOf = (uses: number) => judge({ rights: [right("dynamodb:GetItem", uses)], denials: [] }, [exception]);
  expect(isFlawless(verdictOf(0))).toBe(true);
  expect(verdictOf(1).idle).toEqual([exception]);
});

test("the table names each operation once, with its rights and how often each was used", () => {
  const other = right("dynamodb:Query", 0, { functionName: "Portico-local-partners-list" });
  const shown = usageTable({
    rights: [right("dynamodb:PutItem", 0), right("dynamodb:GetItem", 12), other],
    denials: [],
  });
  expect(shown.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["operation", "granted", "on", "used"],
    ["list", "dynamodb:Query", "PARTNERS", "table/Things", "never"],
    ["read", "dynamodb:GetItem", "PARTNERS", "table/Things", "12"],
    ["", "dynamodb:PutItem", "PARTNERS", "table/Things", "never"],
  ]);
});
