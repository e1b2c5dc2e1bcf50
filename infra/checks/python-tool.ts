/** Programs from PyPI, which run where there is Python. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const places = resolve(import.meta.dirname, "../../node_modules/.cache");

/**
 * Installs a tool into a virtual environment below `node_modules`, or takes the one that is there.
 *
 * @param name of the package and of its program
 * @param release the version of Python that it needs, where that is more than 3
 * @returns the path of its program; undefined where there is no such Python that can make an environment
 */
export async function installedTool(name: string, version: string, release = "3"): Promise<string | undefined> {
  const folder = join(places, name, version);
  const program = join(folder, "bin", name);
  if (existsSync(program)) return program;
  // With pyenv, a release other than the chosen one is not on the path.
  const env = release === "3" ? process.env : { ...process.env, PYENV_VERSION: release };
  const isMade = await run(`python${release}`, ["-m", "venv", folder], { env }).then(
    () => true,
    () => false,
  );
  if (!isMade) return undefined;
  await run(join(folder, "bin", "pip"), ["install", "--quiet", "--disable-pip-version-check", `${name}==${version}`]);
  return program;
}

/** What a linter prints as JSON. Its status says once more whether it has findings. @throws Error when it does not run */
export async function jsonOutputOf(program: string, words: readonly string[]): Promise<string> {
  return await run(program, words, { maxBuffer: 64 * 1024 * 1024 }).then(
    ({ stdout }) => stdout,
    (error: unknown) => {
      const { stdout = "", message = "" } = error as { readonly stdout?: string; readonly message?: string };
      if (/^[[{]/.test(stdout)) return stdout;
      throw new Error(`${program} does not run: ${message.split("\n")[0] ?? ""}`);
    },
  );
}
