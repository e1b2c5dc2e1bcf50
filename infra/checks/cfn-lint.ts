/** Checks the templates with cfn-lint. It comes from PyPI, so it runs only where Python is installed. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const version = "1.58.0";
const place = resolve(import.meta.dirname, "../../node_modules/.cache/cfn-lint");

/** Rules whose findings are accepted, with the reason. */
const accepted: Readonly<Record<string, string>> = {
  W3005: "CDK states the dependency of a function on its role, which the function's reference to it states as well",
};

interface Match {
  readonly Level: string;
  readonly Message: string;
  readonly Rule: { readonly Id: string };
  readonly Location: { readonly Path: readonly (string | number)[] | null };
}

/** Takes template paths. Result: one line per finding that is not accepted. */
export type CfnLint = (templates: readonly string[]) => Promise<readonly string[]>;

/**
 * Installs cfn-lint into a virtual environment below `node_modules`, or reuses the existing one.
 *
 * @returns undefined when no Python 3 can create a virtual environment
 */
export async function openCfnLint(): Promise<CfnLint | undefined> {
  const folder = join(place, version);
  const program = join(folder, "bin", "cfn-lint");
  if (!existsSync(program)) {
    const isMade = await run("python3", ["-m", "venv", folder]).then(
      () => true,
      () => false,
    );
    if (!isMade) return undefined;
    await run(join(folder, "bin", "pip"), [
      "install",
      "--quiet",
      "--disable-pip-version-check",
      `cfn-lint==${version}`,
    ]);
  }
  return async (templates) => {
    const matches = JSON.parse(await outputOf(program, ["--format", "json", "--", ...templates])) as readonly Match[];
    return matches
      .filter(({ Rule }) => accepted[Rule.Id] === undefined)
      .map(({ Level, Rule, Location, Message }) => {
        const at = (Location.Path ?? []).join("/");
        return `${Level.toLowerCase()}: ${Rule.Id} (cfn-lint) at ${at}: ${Message}`;
      });
  };
}

/** cfn-lint exits with a status other than zero when it has findings, so only its output is read. */
async function outputOf(program: string, words: readonly string[]): Promise<string> {
  const limit = { maxBuffer: 64 * 1024 * 1024 };
  return await run(program, words, limit).then(
    ({ stdout }) => stdout || "[]",
    (error: unknown) => {
      const { stdout = "", message = "" } = error as { readonly stdout?: string; readonly message?: string };
      if (stdout.startsWith("[")) return stdout;
      throw new Error(`cfn-lint does not run: ${message.split("\n")[0] ?? ""}`);
    },
  );
}
