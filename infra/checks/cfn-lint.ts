/** Has cfn-lint, another project's eyes, look at the templates. It comes from PyPI, so it runs where there is Python. */
import { installedTool, jsonOutputOf } from "./python-tool.ts";

const version = "1.58.0";

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

/** @returns undefined where there is no Python 3 that can install it */
export async function openCfnLint(): Promise<CfnLint | undefined> {
  const program = await installedTool("cfn-lint", version);
  if (program === undefined) return undefined;
  return async (templates) => {
    const output = await jsonOutputOf(program, ["--format", "json", "--", ...templates]);
    const matches = JSON.parse(output || "[]") as readonly Match[];
    return matches
      .filter(({ Rule }) => accepted[Rule.Id] === undefined)
      .map(({ Level, Rule, Location, Message }) => {
        const at = (Location.Path ?? []).join("/");
        return `${Level.toLowerCase()}: ${Rule.Id} (cfn-lint) at ${at}: ${Message}`;
      });
  };
}
