/** Builds the files that operations declare for browsers, under the names that they are served with. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { build as esbuild } from "esbuild";
import { file } from "../../shared/http/content.ts";
import { fileFolder, fileList } from "../../shared/http/files.ts";
import { entryPointOf, type AnyOperation } from "../../shared/contract/operation.ts";
import { pageFolder, pagePlaceholders } from "../../shared/web/docs/served-pages.ts";
import { clientPackage } from "../contract/client-package.ts";
import { partnerCollection } from "../contract/partner-contract.ts";
import { searchIndex, sitePages } from "../site/pages.ts";

/** Maximum size of a file: 2 MB. A Lambda response has at most 6 MB, and text grows when it is encoded as JSON. */
export const fileLimitBytes = 2 * 1024 * 1024;

/**
 * The files that are deployed beside the bundles: path below `functions/` → content.
 *
 * @param root the project's folder; source paths are relative to it
 * @throws Error that names a file that is missing, is too large, does not compile or has an unknown extension
 */
export async function makeFiles(
  operations: readonly AnyOperation[],
  root: string,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const made = new Map(
    await Promise.all(
      operations
        .filter(({ files }) => files !== undefined)
        .map(async (operation) => [operation.id, await filesOf(operation, root)] as const),
    ),
  );
  const below = (operation: AnyOperation, path: string) => `${entryPointOf(operation)}/${path}`;
  return new Map([
    ...pagesOf(operations, made.get("docs.file") ?? []).map(
      ([operation, path, html]) => [below(operation, path), html] as const,
    ),
    ...operations.flatMap((operation) => {
      const id = operation.filesOf ?? (operation.files && operation.id);
      if (id === undefined) return [];
      const files = made.get(id);
      if (files === undefined) throw new Error(`${operation.id}: ${id} declares no files`);
      const names = Object.fromEntries(files.map(({ name, servedName }) => [name, servedName]));
      return [
        [below(operation, fileList), new TextEncoder().encode(JSON.stringify(names))] as const,
        ...files
          .filter(() => operation.files !== undefined)
          .map(({ servedName, contents }) => [below(operation, `${fileFolder}/${servedName}`), contents] as const),
      ];
    }),
  ]);
}

/** The pages of each operation that declares some, rendered with the names of the files that they load. */
function pagesOf(
  operations: readonly AnyOperation[],
  files: readonly MadeFile[],
): readonly (readonly [AnyOperation, path: string, html: Uint8Array])[] {
  const owners = operations.filter(({ pages }) => pages !== undefined);
  if (owners.length === 0 || files.length === 0) return [];
  const servedNames = new Map(files.map(({ name, servedName }) => [name, servedName]));
  const rendered = sitePages((name) => {
    const servedName = servedNames.get(name);
    if (servedName === undefined) throw new Error(`a page names ${name}, which docs.file does not declare`);
    return servedName;
  });
  return owners.flatMap((operation) =>
    (operation.pages ?? []).map((name) => {
      const html = rendered.get(name);
      if (html === undefined) throw new Error(`${operation.id}: there is no page ${name}`);
      return [operation, `${pageFolder}/${name}.html`, new TextEncoder().encode(html)] as const;
    }),
  );
}

/** The files that the build makes from the declarations, by the name behind `generated:`. */
const generators: Readonly<Record<string, () => Promise<string>>> = {
  search: async () => searchIndex(),
  "partner-collection": async () => `${JSON.stringify(partnerCollection(pagePlaceholders.publicUrl), undefined, 2)}\n`,
  "partner-client": clientPackage,
};

async function generated(name: string): Promise<Uint8Array> {
  const generate = generators[name];
  if (generate === undefined) throw new Error(`nothing generates ${name}`);
  return new TextEncoder().encode(await generate());
}

interface MadeFile {
  readonly name: string;
  readonly servedName: string;
  readonly contents: Uint8Array;
}

function filesOf({ files = {} }: AnyOperation, root: string): Promise<readonly MadeFile[]> {
  return Promise.all(
    Object.entries(files).map(async ([name, source]) => {
      const contents = await contentsOf(source, root);
      if (contents.length > fileLimitBytes) throw new Error(`${source} is larger than ${fileLimitBytes} bytes`);
      // Computed at build time, so that an unknown extension fails the build.
      file(name, "");
      return { name, servedName: servedName(name, contents), contents };
    }),
  );
}

/** `docs.js` → `docs-0123456789ab.js` */
function servedName(name: string, contents: Uint8Array): string {
  const ending = extname(name);
  return `${basename(name, ending)}-${createHash("sha256").update(contents).digest("hex").slice(0, 12)}${ending}`;
}

async function contentsOf(source: string, root: string): Promise<Uint8Array> {
  if (source.startsWith("generated:")) return await generated(source.slice("generated:".length));
  if (source.startsWith("node_modules/") || !/\.(ts|css)$/.test(source)) return await readFile(join(root, source));
  const { outputFiles, warnings } = await esbuild({
    absWorkingDir: root,
    entryPoints: [source],
    outdir: root,
    bundle: true,
    minify: true,
    // The file adds no global names, as a classic script or as a module.
    format: "iife",
    platform: "browser",
    target: "es2022",
    legalComments: "inline",
    write: false,
    logLevel: "silent",
  });
  const [output, another] = outputFiles;
  if (output === undefined || another !== undefined || warnings.length > 0) {
    throw new Error(`${source}: ${warnings.map(({ text }) => text).join("; ") || "is not bundled into one file"}`);
  }
  return output.contents;
}
