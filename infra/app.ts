/**
 * The CDK entry: bundles the functions and composes the stacks of one stage. Needs no AWS account and no network.
 *
 * Context: `stage` names the stage, `stageFile` names a file with a stage; `built=true` takes the bundles that are there,
 * `bundles` those of a different folder, and `release` names the release in place of the commit. `development=true` bundles for
 * development into the assembly, which then cannot be deployed or moved.
 *
 * @example
 * npx cdk synth -c stage=dev
 * @example
 * CDK_OUTDIR=cdk.out CDK_CONTEXT_JSON='{"stage":"local"}' node infra/app.ts
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { App, Validations } from "aws-cdk-lib";
import { DISABLE_ASSET_STAGING_CONTEXT } from "aws-cdk-lib/cx-api";
import { AwsSolutionsChecks } from "cdk-nag";
import { entryPointOf } from "../shared/contract/operation.ts";
import { operations } from "../shared/operations.ts";
import { ApiStack } from "./stacks/api-stack.ts";
import { build, buildForDevelopment, bundleFolder, defaultOutDir } from "./build/bundle.ts";
import { progress } from "./build/progress.ts";
import { cdkContext } from "./stages/cdk-context.ts";
import { DataStack } from "./stacks/data-stack.ts";
import {
  deliveryFunctions,
  operatorFunctions,
  scheduledFunctions,
  systemFunctions,
} from "./constructs/function-declarations.ts";
import { OperationsStack } from "./stacks/operations-stack.ts";
import { findStage } from "./stages/find-stage.ts";
import { releaseOf, type Release } from "./release/release-name.ts";

async function main(): Promise<void> {
  const app = new App({ autoSynth: false, analyticsReporting: false, treeMetadata: false, postCliContext: cdkContext });
  const context = (key: string): unknown => app.node.tryGetContext(key);
  const stage = await findStage({ stage: context("stage"), stageFile: context("stageFile") });

  const bundles = await bundlesFor(app);
  const bundleOf = (entryPoint: string): string => bundleFolder(entryPoint, bundles);
  for (const entryPoint of [
    ...[...systemFunctions, ...scheduledFunctions, ...deliveryFunctions, ...operatorFunctions].map(({ id }) => id),
    ...operations.map(entryPointOf),
  ]) {
    if (!existsSync(join(bundleOf(entryPoint), "index.mjs"))) {
      throw new Error(`functions/${entryPoint}.ts is missing: it is declared, but nothing serves it`);
    }
  }

  progress(`synthesising the stage ${stage.name}`);
  const common = {
    stage,
    tags: { application: "portico", stage: stage.name },
    terminationProtection: stage.deletionProtection,
  };
  const data = new DataStack(app, `Portico-${stage.name}-Data`, {
    ...common,
    description: "Portico: table, key and secrets",
  });
  const api = new ApiStack(app, `Portico-${stage.name}-Api`, {
    ...common,
    description: "Portico: API and functions",
    data,
    operations,
    release: chosenRelease(context("release")) ?? releaseOf(),
    bundleOf,
  });
  new OperationsStack(app, `Portico-${stage.name}-Operations`, {
    ...common,
    description: "Portico: dashboard, alarms and saved queries",
    data,
    api,
    operations,
    bundleOf,
    // Its metric filters are on the API's access log.
  }).addStackDependency(api);

  // CDK's own variable: it turns off AWS's validator, and here cdk-nag as well.
  if (process.env["CDK_VALIDATION"] !== "false") Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

/** The folder with the bundles: built now, unless the context says otherwise. */
async function bundlesFor(app: App): Promise<string> {
  const context = (key: string): unknown => app.node.tryGetContext(key);
  if (context("development") === "true") {
    const folder = join(app.outdir, "development");
    await buildForDevelopment(folder);
    // A copy of a function's folder would miss what functions share.
    app.node.setContext(DISABLE_ASSET_STAGING_CONTEXT, true);
    return folder;
  }
  if (context("bundles") !== undefined) return String(context("bundles"));
  // Several stages in a row need one build.
  if (context("built") !== "true") await build();
  return defaultOutDir;
}

/** `<name>` or `<name> <time of its commit>` */
function chosenRelease(context: unknown): Release | undefined {
  if (context === undefined) return undefined;
  const [name = "", committedAt] = String(context).split(" ");
  return { name, ...(committedAt !== undefined && { committedAt }) };
}

// A mistake in a setting is one line, not a stack trace; CDK_DEBUG=true shows where it was thrown.
await main().catch((error: unknown) => {
  const trace = process.env["CDK_DEBUG"] === "true" && error instanceof Error;
  console.error(trace ? error : `portico: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
