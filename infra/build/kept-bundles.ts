/**
 * What a build leaves for the next one: the bundles whose sources have not changed. All bundles together take a core some
 * twenty seconds, and each start, test run and check begins with a build.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile } from "esbuild";

/** SHA-256 in hex by path. */
type Hashes = Readonly<Record<string, string>>;

/** Content of `bundles.json` in the output folder. */
interface BuildRecord {
  /** SHA-256 of what all bundles depend on: bundler, options, packages. */
  readonly settings: string;
  /** The sources, by path from the project's root. */
  readonly sources: Hashes;
  /** The files that the bundler made, by path from the output folder. */
  readonly files: Hashes;
}

/** The part of an earlier build that a new one would repeat byte by byte. */
export interface KeptBundles {
  /** Entry points, as the bundler was given them: `functions/authorizer.ts`. */
  readonly entryPoints: ReadonlySet<string>;
  /** Absolute paths of their files. */
  readonly paths: readonly string[];
  readonly metafile: Metafile;
}

const recordFile = "bundles.json";
const nothing: KeptBundles = { entryPoints: new Set(), paths: [], metafile: { inputs: {}, outputs: {} } };

export const sha256 = (content: Uint8Array | string): string => createHash("sha256").update(content).digest("hex");

/** The hashes of files. One that does not exist has none. */
async function hashFiles(folder: string, paths: readonly string[]): Promise<Hashes> {
  const hashes: Record<string, string> = {};
  const hash = async (path: string): Promise<void> => {
    const content = await readFile(join(folder, path)).catch(() => undefined);
    if (content !== undefined) hashes[path] = sha256(content);
  };
  await Promise.all(paths.map(hash));
  return hashes;
}

/** Every source that an entry point imports, directly or not, also those of which nothing is in the bundle. */
function sourcesOf(entryPoint: string, { inputs }: Metafile): ReadonlySet<string> {
  const found = new Set([entryPoint]);
  for (const path of found) {
    for (const { path: imported, external } of inputs[path]?.imports ?? []) if (external !== true) found.add(imported);
  }
  return found;
}

/**
 * Finds the bundles in `outDir` that are still right: their settings, all their sources and the files themselves are as the
 * last build left them.
 *
 * @param root the project's root
 * @param settings as given to `describeBuild`
 */
export async function findKeptBundles(root: string, outDir: string, settings: string): Promise<KeptBundles> {
  const read = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(outDir, file), "utf8"));
  try {
    const record = (await read(recordFile)) as BuildRecord;
    if (record.settings !== settings) return nothing;
    return await compare(root, outDir, record, (await read("meta.json")) as Metafile);
  } catch {
    // There was no build, or its description was cut off.
    return nothing;
  }
}

async function compare(root: string, outDir: string, record: BuildRecord, metafile: Metafile): Promise<KeptBundles> {
  const [sources, files] = await Promise.all([
    hashFiles(root, Object.keys(record.sources)),
    hashFiles(outDir, Object.keys(record.files)),
  ]);
  const entryPoints = new Set<string>();
  const paths: string[] = [];
  const outputs: Metafile["outputs"] = {};
  for (const [path, output] of Object.entries(metafile.outputs)) {
    if (output.entryPoint === undefined) continue;
    const own = filesOf(output.entryPoint);
    const isCurrent =
      own.every((file) => record.files[file] !== undefined && record.files[file] === files[file]) &&
      [...sourcesOf(output.entryPoint, metafile)].every(
        (source) => record.sources[source] !== undefined && record.sources[source] === sources[source],
      );
    if (!isCurrent) continue;
    entryPoints.add(output.entryPoint);
    paths.push(...own.map((file) => join(outDir, file)));
    outputs[path] = output;
  }
  return { entryPoints, paths, metafile: { inputs: inputsOf([...entryPoints], metafile), outputs } };
}

function inputsOf(entryPoints: readonly string[], metafile: Metafile): Metafile["inputs"] {
  const needed = new Set(entryPoints.flatMap((entryPoint) => [...sourcesOf(entryPoint, metafile)]));
  return Object.fromEntries(Object.entries(metafile.inputs).filter(([path]) => needed.has(path)));
}

/** The files of a bundle, from the output folder: `functions/x/index.mjs` and `source-maps/x.mjs.map`. */
function filesOf(entryPoint: string): readonly [bundle: string, sourceMap: string] {
  const name = entryPoint.replace(/^functions\//, "").replace(/\.ts$/, "");
  return [`functions/${name}/index.mjs`, `source-maps/${name}.mjs.map`];
}

/**
 * The two files that describe a build: what is in its bundles, and the record for the next build.
 *
 * @param settings SHA-256 of what all bundles depend on
 * @param metafile of all bundles
 * @param made the content of the new bundles and source maps by absolute path
 */
export async function describeBuild(
  { root, outDir, settings }: { readonly root: string; readonly outDir: string; readonly settings: string },
  metafile: Metafile,
  made: ReadonlyMap<string, Uint8Array>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const entryPoints = Object.values(metafile.outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  const paths = entryPoints.flatMap(filesOf);
  const kept = await hashFiles(
    outDir,
    paths.filter((path) => !made.has(join(outDir, path))),
  );
  const files = Object.fromEntries(
    [...made].map(([path, content]) => [path.slice(outDir.length + 1), sha256(content)]),
  );
  const record: BuildRecord = {
    settings,
    sources: await hashFiles(root, Object.keys(metafile.inputs)),
    files: { ...kept, ...files },
  };
  const encode = (content: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(content));
  return new Map([
    [join(outDir, "meta.json"), encode(metafile)],
    [join(outDir, recordFile), encode(record)],
  ]);
}
