import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  build,
  bundleFiles,
  bundleFolder,
  bundleHash,
  defaultOutDir,
  findEntryPoints,
} from "../../infra/build/bundle.ts";
import { bundleSizes, oversized } from "../../infra/checks/bundles.ts";
import {
  deliveryFunctions,
  operatorFunctions,
  scheduledFunctions,
  systemFunctions,
} from "../../infra/constructs/function-declarations.ts";
import { makeFiles } from "../../infra/build/files.ts";
import { entryPointOf, type AnyOperation } from "../../shared/contract/operation.ts";
import { operations as docs } from "../../shared/web/docs/contract.ts";
import { operations } from "../../shared/operations.ts";

const root = join(import.meta.dirname, "../..");

/** The build of the global setup. */
const first = defaultOutDir;
let second: string;

beforeAll(async () => {
  second = await mkdtemp(join(tmpdir(), "portico-build-test-"));
  const stale = join(second, "functions/gone/operation");
  await mkdir(stale, { recursive: true });
  await writeFile(join(stale, "index.mjs"), "");
  await writeFile(join(second, "functions/stale.mjs"), "");
  await build({ outDir: second });
}, 300_000);

afterAll(async () => {
  await rm(second, { recursive: true, force: true });
});

test("every operation has a function, and every function an operation", () => {
  const declared = [
    ...systemFunctions,
    ...scheduledFunctions,
    ...deliveryFunctions,
    ...operatorFunctions,
    ...operations,
  ].map(entryPointOf);
  expect([...findEntryPoints()].sort()).toEqual(declared.sort());
});

describe("a build", () => {
  test("of the same sources produces the same bytes in any folder", async () => {
    for (const entryPoint of findEntryPoints())
      expect(await bundleHash(entryPoint, first)).toBe(await bundleHash(entryPoint, second));
  });

  test("writes only the bundle and the declared files into the deployed folder", async () => {
    for (const entryPoint of [
      ...systemFunctions,
      ...scheduledFunctions,
      ...deliveryFunctions,
      ...operatorFunctions,
      ...operations,
    ]) {
      const { files, filesOf, pages = [] } = entryPoint as Pick<AnyOperation, "files" | "filesOf" | "pages">;
      const expected = [
        ...((files ?? filesOf) ? ["files.json"] : []),
        ...Object.keys(files ?? {}).map((name) => `files/${name.replace(/(\.\w+)$/, "-<hash>$1")}`),
        ...pages.map((name) => `pages/${name}.html`),
        "index.mjs",
      ];
      const found = await bundleFiles(entryPointOf(entryPoint), first);
      expect(found.map((name) => name.replace(/-[0-9a-f]{12}(\.\w+)$/, "-<hash>$1")).sort()).toEqual(expected.sort());
    }
  });

  test("names a file by its content, so a name never refers to different content", async () => {
    const folder = bundleFolder("docs/file", first);
    const served: Record<string, string> = JSON.parse(await readFile(join(folder, "files.json"), "utf8"));
    expect(Object.keys(served)).toEqual(Object.keys(docs.file.files ?? {}));
    for (const name of Object.values(served)) {
      const hash = createHash("sha256")
        .update(await readFile(join(folder, "files", name)))
        .digest("hex");
      expect(name).toContain(`-${hash.slice(0, 12)}.`);
    }
    const problems = join(bundleFolder("system/problems", first), "files.json");
    expect(await readFile(problems, "utf8")).toBe(JSON.stringify(served));
    const home = await readFile(join(bundleFolder("docs/page", first), "pages/index.html"), "utf8");
    expect(home).toContain(`__BASE_PATH__/docs/${served["docs.js"]}`);
  });

  test("fails on a missing, too large or unknown file, and on an operation without files", async () => {
    await expect(makeFiles([{ ...docs.file, files: { "a.js": "shared/gone.js" } }], root)).rejects.toThrow("gone.js");
    await expect(makeFiles([{ ...docs.file, files: { "a.exe": "LICENSE" } }], root)).rejects.toThrow("a.exe");
    const large = "node_modules/typescript/lib/typescript.js";
    await expect(makeFiles([{ ...docs.file, files: { "a.js": large } }], root)).rejects.toThrow("larger");
    await expect(makeFiles([{ ...docs.file, files: { "a.json": "generated:gone" } }], root)).rejects.toThrow("gone");
    await expect(makeFiles([{ ...docs.page, filesOf: "docs.file" }], root)).rejects.toThrow(
      "docs.file declares no files",
    );
    await expect(makeFiles([docs.file, { ...docs.page, pages: ["gone"] }], root)).rejects.toThrow("no page gone");
  });

  test("keeps the source maps outside the deployed folders", async () => {
    for (const entryPoint of findEntryPoints()) {
      const map = JSON.parse(await readFile(join(first, "source-maps", `${entryPoint}.mjs.map`), "utf8"));
      expect(map).toMatchObject({ version: 3, sources: expect.any(Array) });
    }
  });

  test("removes the previous build", async () => {
    // `npm run client` has its own folder next to the build.
    const files = async (outDir: string) =>
      (await readdir(outDir, { recursive: true })).filter((name) => !/^client($|\/)/.test(name)).sort();
    expect(await files(second)).toEqual(await files(first));
  });

  test("makes no bundle larger than 300 KB", async () => {
    expect(oversized(await bundleSizes(findEntryPoints(), first))).toEqual([]);
  });

  test("can call AWS only if the operation declares what it uses", async () => {
    const { outputs } = JSON.parse(await readFile(join(first, "meta.json"), "utf8"));
    const carriers = Object.keys(outputs).flatMap((output) => {
      const entryPoint = /functions\/(.+)\/index\.mjs$/.exec(output)?.[1];
      const caller = Object.keys(outputs[output].inputs).includes("shared/runtime/aws-json.ts");
      return entryPoint !== undefined && caller ? [entryPoint] : [];
    });
    const users = [
      ...systemFunctions,
      ...scheduledFunctions,
      ...deliveryFunctions,
      ...operatorFunctions,
      ...operations,
    ].filter(({ table, secrets = [] }) => table.length + secrets.length > 0);
    expect(carriers.sort()).toEqual(users.map(entryPointOf).sort());
  });

  test("contains no client of the SDK, which every cold start would load", async () => {
    const meta = JSON.parse(await readFile(join(first, "meta.json"), "utf8"));
    const inputs = Object.keys(meta.inputs).filter((input) =>
      /@aws-sdk\/(client|lib|credential-provider)-/.test(input),
    );
    expect(inputs).toEqual([]);
  });
});
