/**
 * `npm run rights`: runs the end-to-end tests and prints, for every function, the rights that its role grants and how often the
 * tests used each. Fails when a test fails, when a call is denied and when a right is never used.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rightsExceptions } from "./exceptions.ts";
import { collectUsage, rightsFolderVariable } from "./records.ts";
import { isFlawless, judge, usageFoot, usageTable, verdictTable } from "./verdict.ts";
import { projectRoot } from "../../infra/local/commands/synthesise.ts";

const suite = join(projectRoot, "tests", "e2e");

/** @returns whether the suite passed */
async function runSuite(folder: string): Promise<boolean> {
  const jest = join(projectRoot, "node_modules", "jest", "bin", "jest.js");
  const child = spawn(
    process.execPath,
    ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning", jest, "--testPathPatterns", "tests/e2e/"],
    { cwd: projectRoot, env: { ...process.env, [rightsFolderVariable]: folder }, stdio: "inherit" },
  );
  return await new Promise<boolean>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0));
  });
}

const folder = mkdtempSync(join(tmpdir(), "portico-rights-"));
try {
  const passed = await runSuite(folder);
  const usage = collectUsage(folder, suite);
  const judged = judge(usage, rightsExceptions);
  const verdict = passed ? judged : { denials: judged.denials, unused: [], idle: [] };
  const reasons = rightsExceptions.map(
    ({ functionName, action, leadingKeys, reason }) =>
      `exception: ${functionName} ${action} ${leadingKeys ?? ""}: ${reason}`,
  );
  console.log(["", usageTable(usage), "", ...reasons, usageFoot].join("\n"));
  if (!isFlawless(verdict)) console.error(`\n${verdictTable(verdict)}`);
  if (!passed) console.error("\nthe run failed, see above; the failed tests may use what looks unused");
  process.exitCode = passed && isFlawless(verdict) && usage.rights.length > 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
