/** The figures of docs/scale.md are those of the code, and the simulation knows every family of keys. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../infra/local/commands/synthesise.ts";
import { answersOf } from "../bench/scale/answers.ts";
import { recordCalls, type Recording } from "../bench/scale/calls.ts";
import { documentedFamilies, knownFamilies, reachedFamilies, unreachedFamilies } from "../bench/scale/documented.ts";
import { page, pageWith } from "../bench/scale/scale.ts";
import { templatesOf } from "../bench/scale/templates.ts";

let recording: Recording;
beforeAll(async () => {
  recording = await recordCalls(process.env.PORTICO_TEST_ASSEMBLY!);
});

test("the load's shares add up to all calls", () => {
  expect(recording.calls.reduce((sum, { share }) => sum + share, 0)).toBe(100);
});

test("docs/table.md has every index and family of keys that the load reaches, and no other without a reason", () => {
  const documented = documentedFamilies(readFileSync(join(projectRoot, "docs/table.md"), "utf8"));
  const reached = reachedFamilies(recording);
  expect([...documented].sort()).toEqual([...new Set([...reached, ...Object.keys(unreachedFamilies)])].sort());
  expect(Object.keys(unreachedFamilies).filter((name) => reached.has(name))).toEqual([]);
  expect([...knownFamilies].filter((name) => !reached.has(name))).toEqual([]);
});

/** The simulation takes half a minute of computing time. */
const simulationTimeoutMs = 300_000;

test(
  "docs/scale.md shows the figures of the simulation: `npm run bench -- scale --write` makes them",
  () => {
    const text = readFileSync(page, "utf8");
    expect(pageWith(text, answersOf(templatesOf(recording)))).toBe(text);
  },
  simulationTimeoutMs,
);
