/**
 * The CDK entry: bundles the functions and composes the stacks of one stage. Needs no AWS account and no network.
 *
 * Every synth is a deployment of its own, since the bootstrap is to run at each; `-c deployment=<name>` names it, so that two
 * synths of the same sources give the same templates.
 *
 * @example
 * npx cdk synth -c stage=prod
 * @example
 * CDK_OUTDIR=cdk.out CDK_CONTEXT_JSON='{"stage":"local"}' node infra/app.ts
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import packageJson from "../package.json" with { type: "json" };
import { entryPointOf } from "../shared/contract/operation.ts";
import { operations } from "../shared/operations.ts";
import { ApiStack } from "./stacks/api-stack.ts";
import { build, bundleFolder } from "./build/bundle.ts";
import { cdkContext } from "./stages/cdk-context.ts";
import { DataStack } from "./stacks/data-stack.ts";
import { systemFunctions } from "./constructs/function-declarations.ts";
import { OperationsStack } from "./stacks/operations-stack.ts";
import { stageFrom } from "./stages/stage.ts";

async function main(): Promise<void> {
  const app = new App({ autoSynth: false, analyticsReporting: false, treeMetadata: false, postCliContext: cdkContext });
  const stage = stageFrom((key) => app.node.tryGetContext(key));

  // Whoever synthesises several stages in a row builds once and says so.
  if (app.node.tryGetContext("built") !== "true") await build();
  for (const door of [...systemFunctions.map(({ id }) => id), ...operations.map(entryPointOf)]) {
    if (!existsSync(join(bundleFolder(door), "index.mjs"))) {
      throw new Error(`functions/${door}.ts is missing: it is declared, but nothing serves it`);
    }
  }

  const common = { stage, tags: { application: "portico", stage: stage.name } };
  const data = new DataStack(app, `Portico-${stage.name}-Data`, {
    ...common,
    description: "Portico: table, key and secrets",
    terminationProtection: stage.deletionProtection,
  });
  const api = new ApiStack(app, `Portico-${stage.name}-Api`, {
    ...common,
    description: "Portico: API and functions",
    data,
    operations,
    version: packageJson.version,
  });
  new OperationsStack(app, `Portico-${stage.name}-Operations`, {
    ...common,
    description: "Portico: dashboard, alarms and saved queries",
    data,
    operations,
    // Its metric filters are on the API's access log.
  }).addStackDependency(api);

  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

// A mistake in a setting is one line, not a stack trace; CDK_DEBUG=true shows where it was thrown.
await main().catch((error: unknown) => {
  const trace = process.env["CDK_DEBUG"] === "true" && error instanceof Error;
  console.error(trace ? error : `portico: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
