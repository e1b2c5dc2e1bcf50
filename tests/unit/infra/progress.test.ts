import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { progressIn, progressVariable } from "../../../infra/build/progress.ts";

const run = promisify(execFile);
const program = `import { progress } from ${JSON.stringify(join(import.meta.dirname, "../../../infra/build/progress.ts"))};
progress("bundling 3 functions");
console.log("a warning");`;

async function output(variables: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, ...variables },
  });
  return stdout.trim().split("\n");
}

test("a build tells its progress where it is asked for, apart from other output", async () => {
  const lines = await output({ [progressVariable]: "1" });
  expect(lines.map(progressIn)).toEqual(["bundling 3 functions", undefined]);
});

test("a build is silent otherwise", async () => {
  expect(await output({ [progressVariable]: "" })).toEqual(["a warning"]);
});
