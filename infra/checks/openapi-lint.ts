/**
 * `npm run check:openapi-lint`: Redocly's and Spectral's recommended rules on the committed contract. Any finding fails, warnings
 * included; the rules that are off stand in `openapi-lint`, each with its reason.
 */
import { join } from "node:path";
import { projectRoot } from "../contract/document.ts";
import { contractPath } from "../contract/generated-files.ts";
import { installedNpmTool } from "./npm-tool.ts";
import { jsonOutputOf } from "./python-tool.ts";

const document = join(projectRoot, contractPath);
const settings = join(projectRoot, "infra/checks/openapi-lint");

interface RedoclyReport {
  readonly totals: { readonly ignored: number };
  readonly problems: readonly {
    readonly ruleId: string;
    readonly message: string;
    readonly location: readonly { readonly pointer: string }[];
  }[];
}

async function redocly(): Promise<readonly string[]> {
  // It asks its maker for a newer version and reports its use, unless it is told not to.
  Object.assign(process.env, { REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" });
  const program = await installedNpmTool("@redocly/cli", "2.77.0", "redocly");
  const words = ["lint", document, "--config", join(settings, "redocly.yaml"), "--format", "json"];
  const { problems, totals } = JSON.parse(await jsonOutputOf(program, words)) as RedoclyReport;
  if (totals.ignored > 0) throw new Error("Redocly ignores findings by a file: turn rules off in redocly.yaml instead");
  return problems.map(({ ruleId, message, location }) => `${ruleId} (Redocly) at ${location[0]?.pointer}: ${message}`);
}

interface SpectralFinding {
  readonly code: string;
  readonly message: string;
  readonly path: readonly (string | number)[];
}

async function spectral(): Promise<readonly string[]> {
  const program = await installedNpmTool("@stoplight/spectral-cli", "6.16.3", "spectral");
  const words = ["lint", document, "--ruleset", join(settings, "spectral.yaml"), "--format", "json", "--quiet"];
  const findings = JSON.parse(await jsonOutputOf(program, words)) as readonly SpectralFinding[];
  return findings.map(({ code, message, path }) => `${code} (Spectral) at ${path.join("/")}: ${message}`);
}

const findings = [...(await redocly()), ...(await spectral())];
for (const finding of findings) console.error(finding);
console.log(`${contractPath}: ${findings.length} findings of Redocly and Spectral`);
if (findings.length > 0) process.exitCode = 1;
