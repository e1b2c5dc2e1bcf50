/** The documentation holds what it says: links, paths, scripts and lists that would drift otherwise. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import {
  deliveryFunctions,
  operatorFunctions,
  scheduledFunctions,
  systemFunctions,
} from "../../../infra/constructs/function-declarations.ts";
import { operations } from "../../../shared/operations.ts";
import { secretVariables } from "../../../shared/runtime/environment.ts";

const root = join(import.meta.dirname, "../../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const topLevel = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];
const documents = [...topLevel, ...globSync("docs/**/*.md", { cwd: root })].sort();

/** The lines outside of fenced code. */
function prose(text: string): readonly string[] {
  let fence: string | undefined;
  return text.split("\n").filter((line) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (mark === undefined) return fence === undefined;
    fence = fence === undefined ? mark : mark.startsWith(fence) ? undefined : fence;
    return false;
  });
}

/** The ids that GitHub gives to the headings of a document. */
function anchors(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const slugs = prose(text).flatMap((line) => {
    const heading = /^#{1,6}\s+(.*)$/.exec(line)?.[1];
    if (heading === undefined) return [];
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return [count === 0 ? slug : `${slug}-${count}`];
  });
  return new Set(slugs);
}

/** Targets of inline links, images and reference definitions that stay in the repository. */
function localLinks(text: string): readonly string[] {
  const lines = prose(text).map((line) => line.replace(/`[^`]*`/g, ""));
  const targets = lines.flatMap((line) => [
    ...[...line.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target),
    ...[...line.matchAll(/^\[[^\]]+\]:\s+(\S+)/g)].map(([, target = ""]) => target),
  ]);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** What is named in code, inline or fenced. */
function code(text: string): readonly string[] {
  const outside = new Set(prose(text));
  const fenced = text.split("\n").filter((line) => !outside.has(line));
  return [
    ...fenced,
    ...[
      ...prose(text)
        .join("\n")
        .matchAll(/`([^`\n]+)`/g),
    ].map(([, span = ""]) => span),
  ];
}

const partitionPrefixes = () => {
  const patterns = [
    ...operations,
    ...systemFunctions,
    ...scheduledFunctions,
    ...deliveryFunctions,
    ...operatorFunctions,
  ].flatMap(({ table }) => table.flatMap((right) => right.leadingKeys));
  return [...new Set(patterns)].map((pattern) => `\`${pattern.replace(/(\*|ptr_.*)$/, "")}`);
};

/** The documents in which an operation, or what it declares, has to be named, with the names. */
const operationLists: Readonly<Record<string, () => readonly string[]>> = {
  "docs/api.md": () => operations.map(({ method, path }) => `\`${method} ${path}\``),
  "docs/table.md": () => [
    ...operations.filter(({ table }) => table.length > 0).map(({ id }) => `\`${id}\``),
    ...partitionPrefixes(),
  ],
  "docs/architecture.md": () => Object.keys(secretVariables).map((name) => `\`${name}\``),
};

test("the README is at most 9 KB", () => {
  expect(Buffer.byteLength(read("README.md"))).toBeLessThanOrEqual(9216);
});

test("every document has something to check", () => {
  expect(documents.length).toBeGreaterThan(20);
  expect(localLinks(read("README.md")).length).toBeGreaterThan(10);
  expect(anchors("# One `two`\n## A, b\n## A, b")).toEqual(new Set(["one-two", "a-b", "a-b-1"]));
});

describe.each(documents)("%s", (path) => {
  const text = read(path);

  test("links to files and headings that exist", () => {
    const broken = localLinks(text).filter((target) => {
      const [file = "", anchor] = target.split("#");
      const linked = file === "" ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(root, linked))) return true;
      return anchor !== undefined && !anchors(read(linked)).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  test("names scripts that package.json has", () => {
    const named = [...text.matchAll(/npm run (?:--silent )?([a-z][a-z:-]*[a-z])/g)].map(([, script = ""]) => script);
    expect(named.filter((script) => !(script in packageJson.scripts))).toEqual([]);
  });

  test("names files that exist", () => {
    const form = /(?<![\w/.-])(?:functions|shared|infra|tests|docs|\.ci|\.github)\/[\w./-]*[\w/]/g;
    const missing = code(text)
      .flatMap((line) =>
        [...line.matchAll(form)].map(({ 0: name, index }) => ({ name, next: line[index + name.length] })),
      )
      // A name that goes on in a placeholder, such as shared/<area>/rules.ts, is a pattern and not a file.
      .filter(({ next }) => !["<", "*", "…", "{"].includes(next ?? ""))
      // An operation of the area docs, such as docs/page, is named like its function.
      .filter(({ name }) => ![name, `functions/${name}.ts`].some((path) => existsSync(join(root, path))));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  test("has tables that fit a screen", () => {
    const wide = prose(text).filter((line) => line.startsWith("|") && [...line].length > 130);
    expect(wide).toEqual([]);
  });
});

describe("the indexes are complete", () => {
  test("every document is reachable from the index", () => {
    const index = new Set(localLinks(read("docs/README.md")).map((target) => normalize(join("docs", target))));
    const topics = documents.filter((path) => /^docs\/[^/]+\.md$/.test(path) && path !== "docs/README.md");
    expect(topics.filter((path) => !index.has(path))).toEqual([]);
  });

  test("every decision is in the list of decisions and has the four headings", () => {
    const listed = localLinks(read("docs/decisions/README.md"));
    const records = documents.filter((path) => /^docs\/decisions\/\d/.test(path));
    expect(records.filter((path) => !listed.includes(path.slice("docs/decisions/".length)))).toEqual([]);
    const headings = ["## Context", "## Decision", "## Consequences", "## Alternatives"];
    for (const path of records) {
      expect([path, ...prose(read(path)).filter((line) => line.startsWith("## "))]).toEqual([path, ...headings]);
    }
  });

  test("the word list of the spell checker is in alphabetical order, without duplicates", () => {
    const { words } = JSON.parse(read("cspell.json")) as { words: readonly string[] };
    const sorted = [...new Set(words.map((word) => word.toLowerCase()))].sort();
    expect(words.map((word) => word.toLowerCase())).toEqual(sorted);
  });
});

describe("the steps of a new operation", () => {
  const [, steps = ""] = /^## Add an operation\n([\s\S]*?)^## /m.exec(read("README.md")) ?? [];

  test("name every document and list that a test compares with the operations", () => {
    const others = ["docs/testing.md", "docs/privacy.md", "docs/observability.md", "CHANGELOG.md"];
    const lists = ["shared/operations.ts", "shared/domain/problems.ts", "infra/contract/flow.ts"];
    const needed = [...Object.keys(operationLists), ...others, ...lists, "tests/unit/infra/test-layout.test.ts"];
    expect(needed.filter((path) => !steps.includes(path))).toEqual([]);
  });

  test("end with the command that writes the generated files", () => {
    expect(steps).toContain("`npm run generate`");
  });
});

test.each(documents)("the commands of %s run on every Node that the README allows", (path) => {
  // Only scripts of package.json find the Node that runs TypeScript.
  const direct = code(read(path)).filter((line) => /(?:^|[\s;])node (?:--?[\w-]+ )*[\w./-]+\.ts\b/.test(line));
  expect(direct).toEqual([]);
});

describe("lists that follow from the code are complete", () => {
  test("every script is in docs/scripts.md", () => {
    const text = read("docs/scripts.md");
    const isListed = (name: string) =>
      ["npm run " + name, "npm " + name].some((command) => new RegExp(`\`${command}[\` ]`).test(text)) ||
      text.includes(`\`${name}\``);
    expect(Object.keys(packageJson.scripts).filter((name) => !isListed(name))).toEqual([]);
  });

  test.each(Object.entries(operationLists))("%s has everything of every operation", (path, expected) => {
    const text = read(path);
    const names = expected();
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !text.includes(name))).toEqual([]);
  });

  test("every log code is in docs/observability.md", () => {
    const [, union = ""] = /ecurityEvents?\b([\s\S]*?)const fieldNames/.exec(read("shared/runtime/log.ts")) ?? [];
    const codes = [...union.matchAll(/"([a-z_]+)"/g)].map(([, name = ""]) => name);
    expect(codes).toContain("request_served");
    const text = read("docs/observability.md");
    expect(codes.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  test("the fault that docs/torture.md names exists", () => {
    const [, title = ""] = /--fault "([^"]+)"/.exec(read("docs/torture.md")) ?? [];
    expect(title).not.toBe("");
    expect(read("tests/torture/fault-sets.ts")).toContain(`"${title}"`);
  });
});
