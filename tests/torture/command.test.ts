/** The kit without Jest, as `npm run torture` starts it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

test("npm run torture runs a round and says that every promise was kept", async () => {
  const options = ["--minutes", "0", "--seed", "5", "--scenario", "spending"];
  const { stdout } = await run(process.execPath, ["tests/torture/main.ts", ...options]);
  expect(stdout).toMatch(/^seed 5: .*\n1 rounds, every promise kept\n$/);
}, 180_000);
