/** The page on personal data names every kind of item that the key catalogue has, and no other. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { idempotencyPartitions } from "../../../shared/contract/idempotency-record.ts";

const root = join(import.meta.dirname, "../../..");
const page = readFileSync(join(root, "docs/privacy.md"), "utf8");

/** The partition keys of every `keys.ts`, as roles are granted them. */
async function catalogue(): Promise<readonly string[]> {
  const files = globSync("shared/*/keys.ts", { cwd: root });
  expect(files.length).toBeGreaterThan(8);
  const modules = await Promise.all(files.map(async (file) => (await import(join(root, file))) as object));
  const named = modules.map((module) => Object.entries(module).filter(([name]) => name.endsWith("Partitions")));
  expect(named.map(({ length }) => length)).toEqual(files.map(() => 1));
  const keys = named.flat().flatMap(([, partitions]) => Object.values(partitions as Record<string, string>));
  return [...new Set([...keys, idempotencyPartitions])].sort();
}

/** The first cells of the tables under a heading. */
function listedUnder(heading: string): readonly string[] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [text = ""] = section.split("\n## ");
  return [...text.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, key = ""]) => key);
}

const personal = listedUnder("Items that hold personal data");
const other = listedUnder("Items that hold none");

test("every kind of item is listed once: with personal data, or without", async () => {
  expect([...personal, ...other].sort()).toEqual(await catalogue());
});

test("no kind of item that holds a name, an address or a text of a person is listed as without", () => {
  expect(personal.length).toBeGreaterThan(15);
  const holdsPersonalData = ["USER#*", "USERNAME#*", "MESSAGES#*", "SUBSCRIPTIONS#*", "PARTNERS", "IDEMPOTENCY#*"];
  expect(personal).toEqual(expect.arrayContaining(holdsPersonalData));
});
