/** Programs from the npm registry that are too large for `node_modules`. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const places = resolve(import.meta.dirname, "../../node_modules/.cache");

/**
 * Installs a tool below `node_modules/.cache`, or takes the one that is there. None of its packages runs a program of its own.
 *
 * @returns the path of the program
 */
export async function installedNpmTool(name: string, version: string, program: string): Promise<string> {
  const folder = join(places, name, version);
  const path = join(folder, "node_modules/.bin", program);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{"private":true}\n');
  const words = ["install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", [...words, `${name}@${version}`], { cwd: folder });
  return path;
}
