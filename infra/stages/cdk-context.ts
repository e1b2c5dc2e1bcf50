/**
 * CDK's feature flags and habits, set in code: `cdk.json` is read by the CLI only, and a template must not depend on whether the
 * CLI or `node infra/app.ts` made it.
 */
export const cdkContext: Readonly<Record<string, unknown>> = {
  // AWS's offline template validator fails the synth instead of warning.
  "@aws-cdk/core:validateAgainstDefaultRules": true,
  "@aws-cdk/core:annotationsInValidationReport": true,
  "@aws-cdk/core:checkSecretUsage": true,
  // Exports and imports: CloudFormation refuses to take away what another stack still uses.
  "@aws-cdk/core:defaultCrossStackReferences": "strong",
  "@aws-cdk/core:enablePartitionLiterals": true,
  "@aws-cdk/core:explicitStackTags": true,
  "@aws-cdk/core:target-partitions": ["aws", "aws-cn"],
  "@aws-cdk/aws-apigateway:authorizerChangeDeploymentLogicalId": true,
  "@aws-cdk/aws-apigateway:disableCloudWatchRole": true,
  "@aws-cdk/aws-apigateway:logGroupDestinationArnWithoutWildcard": true,
  // A role shows one statement per declared right, as its declaration does.
  "@aws-cdk/aws-iam:minimizePolicies": false,
  "@aws-cdk/aws-lambda:recognizeLayerVersion": true,
  // Metadata for the CLI's messages; it doubles the templates.
  "aws:cdk:enable-path-metadata": false,
  // By this AWS SAM finds the functions' code.
  "aws:cdk:enable-asset-metadata": true,
  "aws:cdk:version-reporting": false,
};
