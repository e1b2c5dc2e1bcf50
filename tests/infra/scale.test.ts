/** The figures of docs/scale.md are those of the code, and the simulation knows every family of keys. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../infra/local/commands/synthesise.ts";
import { documentedFamilies, knownFamilies, reachedFamilies, unreachedFamilies } from "../bench/scale/documented.ts";
import type { Figures } from "../bench/scale/figures.ts";

/** The simulation takes some twenty seconds of computing time. */
const timeoutMs = 300_000;

let figures: Figures;
beforeAll(async () => {
  const program = join(projectRoot, "tests/bench/scale/figures.ts");
  const options = { maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, process.env.PORTICO_TEST_ASSEMBLY!],
    options,
  );
  figures = JSON.parse(stdout);
}, timeoutMs);

test("the load's shares add up to all calls", () => {
  expect(figures.recording.calls.reduce((sum, { share }) => sum + share, 0)).toBe(100);
});

test("docs/table.md has every index and family of keys that the load reaches, and no other without a reason", () => {
  const documented = documentedFamilies(readFileSync(join(projectRoot, "docs/table.md"), "utf8"));
  const reached = reachedFamilies(figures.recording);
  expect([...documented].sort()).toEqual([...new Set([...reached, ...Object.keys(unreachedFamilies)])].sort());
  expect(Object.keys(unreachedFamilies).filter((name) => reached.has(name))).toEqual([]);
  expect([...knownFamilies].filter((name) => !reached.has(name))).toEqual([]);
});

test("docs/scale.md shows the figures of the simulation: `npm run bench -- scale --write` makes them", () => {
  expect(readFileSync(join(projectRoot, "docs/scale.md"), "utf8")).toBe(figures.text);
});
