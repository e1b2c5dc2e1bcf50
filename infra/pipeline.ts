/**
 * The CDK entry of the role that deploys a stage from GitHub, deployed once for each stage by a person:
 * `npx cdk deploy --app "node infra/pipeline.ts" -c stage=prod`.
 */
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { PipelineStack } from "./stacks/pipeline-stack.ts";
import { cdkContext } from "./stages/cdk-context.ts";
import { findStage } from "./stages/find-stage.ts";

try {
  const app = new App({ autoSynth: false, analyticsReporting: false, treeMetadata: false, postCliContext: cdkContext });
  const stage = await findStage({
    stage: app.node.tryGetContext("stage"),
    stageFile: app.node.tryGetContext("stageFile"),
  });
  if (stage.repository === undefined) {
    throw new Error(`stage ${stage.name}: set repository in infra/stages/${stage.name}.ts`);
  }
  new PipelineStack(app, `Portico-${stage.name}-Pipeline`, {
    stage,
    repository: stage.repository,
    description: "Portico: the role of the pipeline",
    tags: { application: "portico", stage: stage.name },
    terminationProtection: stage.deletionProtection,
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
} catch (error) {
  console.error(`portico: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
