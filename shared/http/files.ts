/** The files that the build places beside a function's bundle: see `files` and `filesOf` of a declaration. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { file, type Content } from "./content.ts";

/** Lists declared name → served name, in the function's folder. */
export const fileList = "files.json";
/** The folder of the files, beside the list. */
export const fileFolder = "files";

export interface Files {
  /** The served name of a file. @throws Error for a file that is not declared */
  servedAs(name: string): string;
  /** The file with this served name; undefined if there is none. */
  find(servedName: string): Content | undefined;
}

/**
 * Reads the list of a function's files, and each file on first use. The caller's text is compared with the names of the list
 * and never becomes part of a path.
 *
 * @param folder the function's own, `import.meta.dirname` of its entry point
 */
export function openFiles(folder: string): Files {
  const served = new Map(
    Object.entries(JSON.parse(readFileSync(join(folder, fileList), "utf8")) as Record<string, string>),
  );
  const names = new Set(served.values());
  const contents = new Map<string, Content>();
  return {
    servedAs(name) {
      const servedName = served.get(name);
      if (servedName === undefined) throw new Error(`${name} is not a declared file`);
      return servedName;
    },
    find(servedName) {
      if (!names.has(servedName)) return undefined;
      const known = contents.get(servedName);
      if (known !== undefined) return known;
      const content = file(servedName, readFileSync(join(folder, fileFolder, servedName), "utf8"));
      contents.set(servedName, content);
      return content;
    },
  };
}
