import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "../../..");
const folder = join(root, "tests", "e2e");

/** The operations whose few tests are in the file of another one; each file names them in its opening line. */
const coveredBy: Readonly<Record<string, string>> = {
  "companies/list": "companies/read",
  "companies/list-accounts": "companies/add-account",
  "companies/list-of-partner": "companies/delete-of-partner",
  "companies/read-of-partner": "companies/delete-of-partner",
  "companies/remove-account": "companies/change-account",
  "console/file": "console/page",
  "coupons/read": "coupons/list",
  "coupons/redemptions": "coupons/redeem",
  "docs/file": "docs/page",
  "docs/read": "docs/page",
  "events/list-of-partner": "events/list",
  "events/read": "events/list",
  "oauth/keys": "oauth/metadata",
  "partners/secret-state": "partners/new-secret",
  "partners/self": "partners/read",
  "sandbox/new-secret": "sandbox/create",
  "sandbox/read": "sandbox/create",
  "subscriptions/erase-personal-data-of-partner": "subscriptions/cancel-of-partner",
  "subscriptions/history-of-partner": "subscriptions/cancel-of-partner",
  "subscriptions/list-of-partner": "subscriptions/list",
  "subscriptions/read-of-partner": "subscriptions/cancel-of-partner",
  "system/problem": "system/problems",
  "test-clock/read": "test-clock/advance",
  "threads/read": "threads/list",
  "usage/read-of-all": "usage/read",
  "usage/read-of-partner": "usage/read",
  "users/end-own-session": "users/own-sessions",
  "users/end-session": "users/sessions",
  "users/end-sessions": "users/sessions",
  "users/ledger": "users/grant-credit",
  "users/own-ledger": "users/grant-credit",
  "users/self": "users/read",
  "webhooks/delete": "webhooks/change",
  "webhooks/list": "webhooks/create",
  "webhooks/list-of-partner": "webhooks/create",
  "webhooks/read": "webhooks/create",
  "webhooks/redeliver": "webhooks/deliveries",
  "webhooks/rotate-secret": "webhooks/change",
  "webhooks/test": "webhooks/deliveries",
};

const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1));

const operations = filesIn(join(root, "functions"))
  .filter((name) => dirname(name) !== ".")
  .map((name) => name.replace(/\.ts$/, ""));

test.each(operations)("the end-to-end tests of functions/%s are found by its path", (operation) => {
  const host = coveredBy[operation];
  if (host === undefined) {
    // An operation with many tests has a folder of files.
    const isFound = existsSync(join(folder, `${operation}.test.ts`)) || existsSync(join(folder, operation));
    expect(isFound ? operation : `no tests for ${operation}`).toBe(operation);
    return;
  }
  const [opening = ""] = readFileSync(join(folder, `${host}.test.ts`), "utf8").split("\n");
  expect(opening).toContain(`\`${operation}\``);
  expect(readFileSync(join(root, "docs/testing.md"), "utf8")).toContain(`\`${operation}\``);
});

test("every end-to-end test file belongs to an operation or to the platform", () => {
  const owners = filesIn(folder).map(
    (name) => (/^([\w-]+\/[\w-]+)(?:\/[\w-]+)?\.test\.ts$/.exec(name) ?? [name, name])[1],
  );
  expect(owners.filter((owner) => !owner.startsWith("platform/") && !operations.includes(owner))).toEqual([]);
});

test("the list of operations in other files has no leftover", () => {
  expect(Object.keys(coveredBy).filter((operation) => !operations.includes(operation))).toEqual([]);
});

test("no end-to-end test file has more than 400 lines", () => {
  const tests = join(root, "tests");
  const lengths = filesIn(join(tests, "e2e")).map(
    (name) => [name, readFileSync(join(tests, "e2e", name), "utf8").split("\n").length - 1] as const,
  );
  expect(lengths.filter(([, lines]) => lines > 400)).toEqual([]);
});
