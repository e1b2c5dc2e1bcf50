/** `docs/asvs.md` against the ids of OWASP ASVS 5.0.0. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import requirements from "./asvs-requirements.json" with { type: "json" };

const root = join(import.meta.dirname, "../../..");
const text = readFileSync(join(root, "docs/asvs.md"), "utf8");
const lines = text.split("\n").filter((line) => /^- \*\*\d/.test(line));
const form = /^- \*\*(\d+\.\d+\.\d+)\*\* \S.*?\. \*\*(Met|Not applicable|Not met):\*\* \S.*?\.(?: — (`.+`))?$/;
const entries = lines.map((line) => {
  const [, id = "", status = "", files = ""] = form.exec(line) ?? [];
  return { line, id, status, files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file) };
});

/** The ids of levels 1 and 2, in the order of the standard. */
const ids = Object.entries(requirements).flatMap(([section, { level1, level2 }]) =>
  [...level1, ...level2].map((number) => `${section}.${number}`),
);

test("the list of ids has the size of the standard: 70 of level 1 and 183 of level 2", () => {
  const levels = Object.values(requirements);
  expect(levels.flatMap(({ level1 }) => level1)).toHaveLength(70);
  expect(levels.flatMap(({ level2 }) => level2)).toHaveLength(183);
  expect(new Set(ids).size).toBe(ids.length);
});

test("every requirement is there once, in the order of the standard", () => {
  expect(entries.map(({ id }) => id)).toEqual(ids);
});

test("every requirement has a status and a text", () => {
  expect(entries.filter(({ status }) => status === "").map(({ line }) => line)).toEqual([]);
});

test("what is met names a file that holds it", () => {
  expect(entries.filter(({ status, files }) => status === "Met" && files.length === 0).map(({ id }) => id)).toEqual([]);
});

test("every named file exists", () => {
  const missing = entries.flatMap(({ id, files }) =>
    files.filter((file) => !existsSync(join(root, file))).map((file) => `${id}: ${file}`),
  );
  expect(missing).toEqual([]);
});

test("the numbers at the top are those of the list, and what is not met is named", () => {
  const of = (status: string) => entries.filter((entry) => entry.status === status);
  const notMet = of("Not met").map(({ id }) => id);
  expect(text).toContain(
    [
      `- Met: ${of("Met").length}`,
      `- Not applicable: ${of("Not applicable").length}`,
      `- Not met: ${notMet.length} (${notMet.join(", ")})`,
      "",
    ].join("\n"),
  );
});
