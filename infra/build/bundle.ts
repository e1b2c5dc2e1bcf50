/**
 * Bundles every door of `functions/` in one esbuild pass: a bundler run per function would take minutes, this takes seconds.
 *
 * Run as a program (`npm run build`) it writes to `dist/`; `infra/app.ts` calls `build` before it synthesises.
 */
import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { build as esbuild, type OutputFile } from "esbuild";
import { operations } from "../../shared/operations.ts";
import { makeFiles } from "./files.ts";

const root = resolve(import.meta.dirname, "../..");

/** Where the bundles are written when nothing else is said. */
export const defaultOutDir = join(root, "dist");

export interface BuildOptions {
  /** Folder to write to. Default `dist` of the project. */
  readonly outDir?: string;
}

export interface BuildResult {
  /** The doors that were bundled, sorted: `authorizer`, `partners/register`. */
  readonly doors: readonly string[];
  readonly outDir: string;
}

/** The doors that exist as files below `functions/`, sorted: `authorizer`, `partners/register`. */
export function findEntryPoints(): readonly string[] {
  return globSync(["functions/*.ts", "functions/*/*.ts"], { cwd: root })
    .map((file) => file.split(sep).slice(1).join("/").replace(/\.ts$/, ""))
    .sort();
}

/** The folder that is deployed for a door, with nothing in it but `index.mjs` and the files that its operation declares. */
export function bundleFolder(door: string, outDir: string = defaultOutDir): string {
  return join(outDir, "functions", door);
}

/** What is deployed for a door: paths below its folder, sorted. */
export async function bundleFiles(door: string, outDir: string = defaultOutDir): Promise<readonly string[]> {
  const entries = await readdir(bundleFolder(door, outDir), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(bundleFolder(door, outDir), join(parentPath, name)))
    .sort();
}

/** SHA-256 of what is deployed for a door, in hex: changes exactly when a file, or its name, changes. */
export async function bundleHash(door: string, outDir: string = defaultOutDir): Promise<string> {
  const hash = createHash("sha256");
  for (const file of await bundleFiles(door, outDir)) {
    hash.update(`${file}\0`).update(await readFile(join(bundleFolder(door, outDir), file)));
  }
  return hash.digest("hex");
}

/**
 * Bundles all doors to `<outDir>/functions/<door>/index.mjs`, puts the files of pages beside them, their source maps to `<outDir>/source-maps/<door>.mjs.map`
 * and esbuild's metafile to `<outDir>/meta.json`; removes what an earlier build left there. The same sources give the same
 * bytes.
 *
 * @throws Error when a door or a file of a page does not compile, or esbuild warns
 */
export async function build({ outDir = defaultOutDir }: BuildOptions = {}): Promise<BuildResult> {
  const doors = findEntryPoints();
  const result = await esbuild({
    absWorkingDir: root,
    entryPoints: doors.map((door) => ({ in: `functions/${door}.ts`, out: `functions/${door}/index` })),
    outdir: outDir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: false,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"],
    legalComments: "none",
    // Maps are for reading a production stack trace on a developer's machine; a deployed one only costs start time.
    sourcemap: "external",
    metafile: true,
    write: false,
    logLevel: "silent",
    banner: {
      // Dependencies that are still CommonJS call `require` for Node's own modules.
      js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
    alias: { "@aws-sdk/credential-provider-node": join(root, "infra/build/lambda-credentials.ts") },
  });
  if (result.warnings.length > 0) {
    throw new Error(`esbuild warns: ${result.warnings.map(({ text }) => text).join("; ")}`);
  }

  const files = new Map(result.outputFiles.map((file) => [destination(file, outDir), file.contents]));
  for (const [path, contents] of await makeFiles(operations, root))
    files.set(join(outDir, "functions", path), contents);
  files.set(join(outDir, "meta.json"), new TextEncoder().encode(JSON.stringify(result.metafile)));
  await mkdir(outDir, { recursive: true });
  const scratch = await mkdtemp(join(outDir, ".scratch-"));
  await Promise.all([...files].map(([path, contents]) => writeChanged(path, contents, scratch)));
  await rm(scratch, { recursive: true });
  await removeOthers(join(outDir, "functions"), new Set(files.keys()));
  await removeOthers(join(outDir, "source-maps"), new Set(files.keys()));
  return { doors, outDir };
}

/** `functions/<door>/index.mjs.map` → `source-maps/<door>.mjs.map`; a bundle stays where it is. */
function destination(file: OutputFile, outDir: string): string {
  if (!file.path.endsWith(".map")) return file.path;
  const door = dirname(relative(join(outDir, "functions"), file.path));
  return join(outDir, "source-maps", `${door}.mjs.map`);
}

/**
 * Leaves an unchanged file alone and replaces another in one step: a synth that reads the folder meanwhile sees whole files.
 *
 * @param scratch folder on the same file system; a folder that is deployed must not hold a second file, not even for a moment
 */
async function writeChanged(path: string, contents: Uint8Array, scratch: string): Promise<void> {
  const present = await readFile(path).catch(() => undefined);
  if (present?.equals(contents)) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(scratch, createHash("sha256").update(path).digest("hex"));
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

/** Deletes every file below a folder that is not wanted, and folders that become empty. */
async function removeOthers(folder: string, wanted: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await removeOthers(path, wanted);
    else if (!wanted.has(path)) await rm(path, { force: true });
  }
  await rmdir(folder).catch(() => undefined);
}

if (import.meta.main) {
  try {
    const started = performance.now();
    const { doors } = await build();
    console.log(`${doors.length} functions bundled in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
