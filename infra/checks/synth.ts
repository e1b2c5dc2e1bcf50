/**
 * `npm run check:synth`: synthesises every stage and exits 1 on any finding that nobody acknowledged. CDK alone would only
 * warn of what AWS's template validator finds. With `--cfn-lint` and `--checkov`, the findings of these linters count as well.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../build/bundle.ts";
import { allStages } from "../stages/find-stage.ts";
import type { Stage } from "../stages/stage.ts";
import { unfilled } from "../stages/validation.ts";
import { openCfnLint } from "./cfn-lint.ts";
import { openCheckov } from "./checkov.ts";
import exampleProduction from "./example-production.ts";
import { readAssembly, synthesize } from "./assembly.ts";
import { complaintsOf, resourceLimit, resourceWarning } from "./report.ts";

const exampleFile = "infra/checks/example-production.ts";

/** Prints the findings of a stage. Result: whether the stage may be deployed. */
async function check({ name: stage, ...settings }: Stage): Promise<boolean> {
  const isExample = stage === exampleProduction.name && unfilled({ name: stage, ...settings }).length > 0;
  if (isExample) console.log(`${stage}: not filled in, so checked as ${exampleFile} has it`);
  const outDir = await mkdtemp(join(tmpdir(), `portico-synth-${stage}-`));
  try {
    const { exitCode, errors } = await synthesize(outDir, {
      ...(isExample ? { stageFile: exampleFile } : { stage }),
      built: "true",
    });
    const assembly = await readAssembly(outDir).catch(() => undefined);
    if (!assembly) {
      console.error(`${stage}: no assembly was made\n${errors.trim()}`);
      return false;
    }
    const counts = assembly.resourceCounts;
    const templates = Object.values(assembly.files);
    const complaints = [
      ...complaintsOf({
        report: assembly.report,
        resourceCounts: counts,
        acknowledgements: assembly.acknowledgements,
      }),
      ...((await cfnLint?.(templates)) ?? []),
      // Production has everything that the other stages have.
      ...((settings.production ? await checkov?.(templates) : undefined) ?? []),
    ];
    for (const complaint of complaints) console.error(`${stage}: ${complaint}`);
    if (exitCode !== 0 && complaints.length === 0) console.error(`${stage}: synth exits ${exitCode}\n${errors.trim()}`);

    for (const [stack, count] of Object.entries(counts).filter(([, count]) => count >= resourceWarning)) {
      console.log(`${stage}: ${stack} has ${count} resources: split it before it has ${resourceLimit} (decision 0031)`);
    }
    const reasons = new Set(assembly.acknowledgements.map(({ rule, reason }) => `${rule} ${reason}`));
    const resources = Object.entries(counts).map(([stack, count]) => `${stack} ${count}`);
    console.log(`${stage}: ${complaints.length} findings; resources: ${resources.join(", ")}`);
    console.log(`${stage}: ${assembly.acknowledgements.length} acknowledgements for ${reasons.size} reasons`);
    if (process.argv.includes("--reasons")) {
      for (const { place, rule, reason } of assembly.acknowledgements) console.log(`  ${rule} at ${place}: ${reason}`);
    }
    return exitCode === 0 && complaints.length === 0;
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

const cfnLint = process.argv.includes("--cfn-lint") ? await openCfnLint() : undefined;
if (process.argv.includes("--cfn-lint") && cfnLint === undefined) {
  console.log("cfn-lint was skipped: there is no Python 3 with venv");
}
const checkov = process.argv.includes("--checkov") ? await openCheckov() : undefined;
if (process.argv.includes("--checkov") && checkov === undefined) {
  console.log("checkov was skipped: there is no Python 3 with venv");
}
await build();
let passed = true;
for (const stage of await allStages()) passed = (await check(stage)) && passed;
process.exitCode = passed ? 0 : 1;
