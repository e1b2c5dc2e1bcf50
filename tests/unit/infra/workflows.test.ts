/** What the GitHub workflows run: a tag can be moved to other code, a commit cannot. */
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");
const files = globSync(".github/workflows/*.{yml,yaml}", { cwd: root });
const usesOf = (file: string): readonly string[] =>
  [...readFileSync(resolve(root, file), "utf8").matchAll(/^\s*(?:- )?uses:\s*(.+)$/gm)].map(
    ([, action = ""]) => action,
  );

test("every action is pinned by its commit, with the version as a comment", () => {
  const used = files.flatMap(usesOf);
  expect(used.length).toBeGreaterThan(0);
  expect(used.filter((action) => !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([]);
});

test("an action has the same commit everywhere, and a commit has one version", () => {
  const pins = new Set(files.flatMap(usesOf));
  const names = [...pins].map((pin) => pin.split("@")[0]);
  expect(names).toEqual([...new Set(names)]);
});
