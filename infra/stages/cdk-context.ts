import { FLAGS } from "aws-cdk-lib/cx-api";

/**
 * CDK's feature flags and settings in code. Only the CLI reads `cdk.json`, and a template must not depend on whether
 * the CLI or `node infra/app.ts` creates it.
 */
export const cdkContext: Readonly<Record<string, unknown>> = {
  ...unusedFlags(),
  // Findings of AWS's offline template validator fail the synth instead of only warning.
  "@aws-cdk/core:validateAgainstDefaultRules": true,
  "@aws-cdk/core:annotationsInValidationReport": true,
  "@aws-cdk/core:checkSecretUsage": true,
  // Strong references: CloudFormation refuses to delete a resource that another stack uses.
  "@aws-cdk/core:defaultCrossStackReferences": "strong",
  "@aws-cdk/core:enablePartitionLiterals": true,
  "@aws-cdk/core:explicitStackTags": true,
  "@aws-cdk/core:target-partitions": ["aws", "aws-cn"],
  "@aws-cdk/aws-apigateway:authorizerChangeDeploymentLogicalId": true,
  "@aws-cdk/aws-apigateway:disableCloudWatchRole": true,
  "@aws-cdk/aws-apigateway:logGroupDestinationArnWithoutWildcard": true,
  // A role has one statement per declared right, like its declaration.
  "@aws-cdk/aws-iam:minimizePolicies": false,
  "@aws-cdk/aws-lambda:recognizeLayerVersion": true,
  // Metadata for the CLI's messages doubles the size of the templates.
  "aws:cdk:enable-path-metadata": false,
  // AWS SAM finds the functions' code with this metadata.
  "aws:cdk:enable-asset-metadata": true,
  "aws:cdk:version-reporting": false,
};

/** All other flags keep CDK's present behaviour. Unless they are set to it, each synth warns about all of them. */
function unusedFlags(): Readonly<Record<string, unknown>> {
  const presents = Object.entries(FLAGS).map(([name, { unconfiguredBehavesLike }]) => [
    name,
    (unconfiguredBehavesLike?.v2 as unknown) ?? false,
  ]);
  return Object.fromEntries(presents.filter(([, present]) => present === false)) as Record<string, unknown>;
}
