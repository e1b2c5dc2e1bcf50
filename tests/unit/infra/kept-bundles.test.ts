import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Metafile } from "esbuild";
import { describeBuild, findKeptBundles } from "../../../infra/build/kept-bundles.ts";

const root = mkdtempSync(join(tmpdir(), "portico-kept-bundles-"));
const outDir = join(root, "dist");
afterAll(() => rmSync(root, { recursive: true, force: true }));

const write = (path: string, content: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};
const input = (...imports: string[]): Metafile["inputs"][string] => ({
  bytes: 1,
  imports: imports.map((path) => ({ path, kind: "import-statement" })),
});
const output = (entryPoint: string): Metafile["outputs"][string] => ({
  ...{ bytes: 1, imports: [], exports: [] },
  // Nothing of what it imports is in the bundle.
  inputs: { [entryPoint]: { bytesInOutput: 1 } },
  entryPoint,
});

const metafile: Metafile = {
  inputs: {
    "functions/one.ts": input("shared/a.ts"),
    "functions/two.ts": input(),
    "shared/a.ts": input("shared/b.ts"),
    "shared/b.ts": input("functions/one.ts"),
  },
  outputs: {
    "dist/functions/one/index.mjs": output("functions/one.ts"),
    "dist/functions/two/index.mjs": output("functions/two.ts"),
  },
};

beforeEach(async () => {
  for (const path of Object.keys(metafile.inputs)) write(path, `source of ${path}`);
  const made = [
    "functions/one/index.mjs",
    "source-maps/one.mjs.map",
    "functions/two/index.mjs",
    "source-maps/two.mjs.map",
  ];
  for (const path of made) write(`dist/${path}`, path);
  const contents = new Map(made.map((path) => [join(outDir, path), new TextEncoder().encode(path)]));
  for (const [path, content] of await describeBuild({ root, outDir, settings: "s" }, metafile, contents))
    writeFileSync(path, content);
});

const kept = async (settings = "s"): Promise<readonly string[]> =>
  [...(await findKeptBundles(root, outDir, settings)).entryPoints].sort();
const both = ["functions/one.ts", "functions/two.ts"];

describe("the bundles that a build keeps", () => {
  test("are all of them if nothing has changed, with their files and descriptions", async () => {
    const found = await findKeptBundles(root, outDir, "s");
    expect([...found.entryPoints].sort()).toEqual(both);
    expect(found.paths).toHaveLength(4);
    expect(found.metafile).toEqual(metafile);
  });

  test.each(["functions/one.ts", "shared/a.ts", "shared/b.ts"])(
    "do not include one that imports the changed %s",
    async (path) => {
      write(path, "changed");
      expect(await kept()).toEqual(["functions/two.ts"]);
    },
  );

  test("do not include one of which a source is gone", async () => {
    rmSync(join(root, "shared/b.ts"));
    expect(await kept()).toEqual(["functions/two.ts"]);
  });

  test.each(["dist/functions/two/index.mjs", "dist/source-maps/two.mjs.map"])(
    "do not include one whose file %s was changed",
    async (path) => {
      write(path, "damaged");
      expect(await kept()).toEqual(["functions/one.ts"]);
      rmSync(join(root, path));
      expect(await kept()).toEqual(["functions/one.ts"]);
    },
  );

  test("are none after a change of the settings, or without a readable record", async () => {
    expect(await kept("other")).toEqual([]);
    write("dist/bundles.json", "{");
    expect(await kept()).toEqual([]);
  });

  test("stay described by the build that keeps them", async () => {
    const described = await describeBuild({ root, outDir, settings: "s" }, metafile, new Map());
    for (const [path, content] of described) writeFileSync(path, content);
    expect(await kept()).toEqual(both);
  });
});
