/**
 * Bundles every function of `functions/` in one esbuild pass. One bundler run per function would take minutes.
 *
 * As a program (`npm run build`) it writes to `dist/`. `infra/app.ts` calls `build` before it synthesises.
 */
import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import {
  build as esbuild,
  type BuildOptions as EsbuildOptions,
  type BuildResult as BuildOutcome,
  type Metafile,
  type OutputFile,
} from "esbuild";
import { operations } from "../../shared/operations.ts";
import { makeFiles } from "./files.ts";
import { describeBuild, findKeptBundles, sha256 } from "./kept-bundles.ts";
import { dropUnused } from "./drop-unused.ts";
import { progress } from "./progress.ts";

const root = resolve(import.meta.dirname, "../..");

/** The default output folder. */
export const defaultOutDir = join(root, "dist");

export interface BuildOptions {
  /** Folder to write to. Default `dist` of the project. */
  readonly outDir?: string;
}

export interface BuildResult {
  /** The entry points that were bundled, sorted: `authorizer`, `partners/register`. */
  readonly entryPoints: readonly string[];
  readonly outDir: string;
}

/** The entry points below `functions/`, sorted: `authorizer`, `partners/register`. */
export function findEntryPoints(): readonly string[] {
  return globSync(["functions/*.ts", "functions/*/*.ts"], { cwd: root })
    .map((file) => file.split(sep).slice(1).join("/").replace(/\.ts$/, ""))
    .sort();
}

/** The folder that is deployed for a function. It holds only `index.mjs` and the files that the operation declares. */
export function bundleFolder(entryPoint: string, outDir: string = defaultOutDir): string {
  return join(outDir, "functions", entryPoint);
}

/** The files that are deployed for a function: paths below its folder, sorted. */
export async function bundleFiles(entryPoint: string, outDir: string = defaultOutDir): Promise<readonly string[]> {
  const entries = await readdir(bundleFolder(entryPoint, outDir), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(bundleFolder(entryPoint, outDir), join(parentPath, name)))
    .sort();
}

/** SHA-256 of the deployed files and their names, in hex. */
export async function bundleHash(entryPoint: string, outDir: string = defaultOutDir): Promise<string> {
  const hash = createHash("sha256");
  for (const file of await bundleFiles(entryPoint, outDir)) {
    hash.update(`${file}\0`).update(await readFile(join(bundleFolder(entryPoint, outDir), file)));
  }
  return hash.digest("hex");
}

const commonOptions = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  mainFields: ["module", "main"],
  legalComments: "none",
  logLevel: "silent",
  banner: {
    // CommonJS dependencies call `require` for Node's own modules.
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
} satisfies EsbuildOptions;

/**
 * Bundles every function for development: readable, with source maps, and with common files for what functions share. It takes a
 * second; to link and minify each function by itself, as it is deployed, takes six.
 *
 * Writes `functions/<entry point>/index.mjs` with the files of pages beside it, and `chunks/` for what is shared.
 *
 * @param outDir absolute path of a folder that no build has written to
 * @throws Error when a function or a file of a page does not compile, or esbuild warns
 */
export async function buildForDevelopment(outDir: string): Promise<void> {
  const entryPoints = findEntryPoints();
  progress(`bundling ${entryPoints.length} functions`);
  const bundling = esbuild({
    ...commonOptions,
    ...placesOf(entryPoints, outDir),
    splitting: true,
    chunkNames: "chunks/[hash]",
    sourcemap: true,
    sourcesContent: false,
  });
  const [result, pages] = await Promise.all([bundling, makeFiles(operations, root)]);
  refuseWarnings(result);
  for (const [path, contents] of pages) {
    const file = join(outDir, "functions", path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, contents);
  }
}

/**
 * Writes `functions/<entry point>/index.mjs` with the files of pages beside it, `source-maps/<entry point>.mjs.map` and
 * esbuild's `meta.json` below `outDir`, and removes other files there. The same sources give the same bytes, so bundles whose
 * sources have not changed since the last build stay.
 *
 * @throws Error when a function or a file of a page does not compile, or esbuild warns
 */
export async function build({ outDir = defaultOutDir }: BuildOptions = {}): Promise<BuildResult> {
  const entryPoints = findEntryPoints();
  const settings = await describeSettings();
  const kept = await findKeptBundles(root, outDir, settings);
  const changed = entryPoints.filter((entryPoint) => !kept.entryPoints.has(sourceOf(entryPoint)));
  progress(`bundling ${changed.length} of ${entryPoints.length} functions`);
  // The bundler has its own process, so this one makes the pages meanwhile.
  const [result, pages] = await Promise.all([bundle(changed, outDir), makeFiles(operations, root)]);
  const made = new Map(result.outputFiles.map((file) => [destination(file, outDir), file.contents]));
  const files = new Map(made);
  for (const [path, contents] of pages) files.set(join(outDir, "functions", path), contents);

  await mkdir(outDir, { recursive: true });
  const scratch = await mkdtemp(join(outDir, ".scratch-"));
  const write = (all: ReadonlyMap<string, Uint8Array>): Promise<unknown> =>
    Promise.all([...all].map(([path, contents]) => writeChanged(path, contents, scratch)));
  await write(files);
  // The description comes last, so it never describes a file that is not there.
  const metafile = mergeMetafiles(kept.metafile, result.metafile);
  await write(await describeBuild({ root, outDir, settings }, metafile, made));
  await rm(scratch, { recursive: true });
  const wanted = new Set([...files.keys(), ...kept.paths]);
  await removeOthers(join(outDir, "functions"), wanted);
  await removeOthers(join(outDir, "source-maps"), wanted);
  return { entryPoints, outDir };
}

const sourceOf = (entryPoint: string): string => `functions/${entryPoint}.ts`;

/** SHA-256 of what decides about all bundles: the options, and by the lock file every package and the bundler. */
async function describeSettings(): Promise<string> {
  const files = await Promise.all(
    ["package-lock.json", "tsconfig.json", "infra/build/bundle.ts", "infra/build/drop-unused.ts"].map((file) =>
      readFile(join(root, file), "utf8"),
    ),
  );
  return sha256(JSON.stringify(files));
}

/** @throws Error when a function does not compile, or esbuild warns */
async function bundle(
  entryPoints: readonly string[],
  outDir: string,
): Promise<{ readonly outputFiles: readonly OutputFile[]; readonly metafile: Metafile }> {
  if (entryPoints.length === 0) return { outputFiles: [], metafile: { inputs: {}, outputs: {} } };
  const result = await esbuild({
    ...commonOptions,
    ...placesOf(entryPoints, outDir),
    plugins: [dropUnused(root)],
    minify: true,
    // Maps resolve production stack traces on a developer's machine, which has the sources. A deployed map only slows the cold
    // start.
    sourcemap: "external",
    sourcesContent: false,
    metafile: true,
    write: false,
  });
  refuseWarnings(result);
  return result;
}

/** Options: which files to read, and where to write the bundles. */
const placesOf = (entryPoints: readonly string[], outDir: string) =>
  ({
    entryPoints: entryPoints.map((entryPoint) => ({ in: sourceOf(entryPoint), out: `functions/${entryPoint}/index` })),
    outdir: outDir,
    outExtension: { ".js": ".mjs" },
  }) satisfies EsbuildOptions;

function refuseWarnings({ warnings }: BuildOutcome): void {
  if (warnings.length > 0) throw new Error(`esbuild warns: ${warnings.map(({ text }) => text).join("; ")}`);
}

/** By path, so that the same sources give the same text, whatever was kept. */
function mergeMetafiles(first: Metafile, second: Metafile): Metafile {
  const merge = <Value>(one: Record<string, Value>, other: Record<string, Value>): Record<string, Value> =>
    Object.fromEntries(Object.entries({ ...one, ...other }).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { inputs: merge(first.inputs, second.inputs), outputs: merge(first.outputs, second.outputs) };
}

/** `functions/<entry point>/index.mjs.map` → `source-maps/<entry point>.mjs.map`; other files keep their path. */
function destination(file: OutputFile, outDir: string): string {
  if (!file.path.endsWith(".map")) return file.path;
  const entryPoint = dirname(relative(join(outDir, "functions"), file.path));
  return join(outDir, "source-maps", `${entryPoint}.mjs.map`);
}

/**
 * Replaces a changed file with a rename, so that a synth that reads the folder at the same time never sees half a file.
 *
 * @param scratch folder on the same file system; a deployed folder must never contain a temporary file
 */
async function writeChanged(path: string, contents: Uint8Array, scratch: string): Promise<void> {
  const present = await readFile(path).catch(() => undefined);
  if (present?.equals(contents)) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(scratch, createHash("sha256").update(path).digest("hex"));
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

/** Deletes every other file below a folder, and folders that become empty. */
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
    const { entryPoints } = await build();
    console.log(`${entryPoints.length} functions bundled in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
