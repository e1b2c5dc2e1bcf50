/** Small cloud assemblies in CDK's format, with functions of a few lines. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FunctionModel } from "../../../infra/local/template/deployment-model.ts";

export interface TemporaryFolder {
  readonly folder: string;
  remove(): void;
}

/** Makes a temporary folder. */
export function temporaryFolder(): TemporaryFolder {
  const folder = mkdtempSync(join(tmpdir(), "portico-local-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Writes an assembly.
 *
 * @param stacks name → template; each stack depends on those before it
 * @param bundles name of an asset → source of its `index.mjs`; the asset's key is `<name>.zip`
 * @param nested name → template of a nested stack; its key is `<name>.json`
 */
export function writeAssembly(
  stacks: Readonly<Record<string, object>>,
  bundles: Readonly<Record<string, string>> = {},
  nested: Readonly<Record<string, object>> = {},
): TemporaryFolder {
  const assembly = temporaryFolder();
  const write = (name: string, value: object): void =>
    writeFileSync(join(assembly.folder, name), JSON.stringify(value));
  for (const [name, source] of Object.entries(bundles)) {
    mkdirSync(join(assembly.folder, `asset.${name}`));
    writeFileSync(join(assembly.folder, `asset.${name}`, "index.mjs"), source);
  }
  const asset = (name: string, path: string, ending: string): readonly [string, object] => [
    name,
    { source: { path }, destinations: { here: { bucketName: "assets", objectKey: `${name}.${ending}` } } },
  ];
  write("Fixture.assets.json", {
    files: Object.fromEntries([
      ...Object.keys(bundles).map((name) => asset(name, `asset.${name}`, "zip")),
      ...Object.keys(nested).map((name) => asset(name, `${name}.nested.template.json`, "json")),
    ]),
  });
  for (const [name, template] of Object.entries(nested)) write(`${name}.nested.template.json`, template);
  const names = Object.keys(stacks);
  for (const [name, template] of Object.entries(stacks)) write(`${name}.template.json`, template);
  write("manifest.json", {
    version: "36.0.0",
    artifacts: Object.fromEntries([
      ["Fixture.assets", { type: "cdk:asset-manifest", properties: { file: "Fixture.assets.json" } }],
      // Listed last to first, so that the loader has to follow the dependencies.
      ...names
        .map((name, index) => [
          name,
          {
            type: "aws:cloudformation:stack",
            environment: "aws://unknown-account/unknown-region",
            properties: { templateFile: `${name}.template.json` },
            dependencies: names.slice(0, index),
          },
        ])
        .reverse(),
    ]),
  });
  return assembly;
}

/** A function with the code of the bundle. */
export function functionResource(bundle: string, more: object = {}): object {
  return {
    Type: "AWS::Lambda::Function",
    Properties: {
      Code: { S3Bucket: "assets", S3Key: `${bundle}.zip` },
      Handler: "index.handler",
      Runtime: "nodejs24.x",
      Role: { "Fn::GetAtt": ["FunctionRole", "Arn"] },
      MemorySize: 128,
      Timeout: 5,
      ...more,
    },
  };
}

/** The model of a function with the given source. */
export function functionModel(
  folder: string,
  name: string,
  source: string,
  more: Partial<FunctionModel> = {},
): FunctionModel {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, "index.mjs"), source);
  return {
    id: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    name,
    logicalId: name,
    folder: join(folder, name),
    handler: "index.handler",
    memoryMegabytes: 128,
    timeoutSeconds: 5,
    environment: {},
    roleArn: "arn:aws:iam::000000000000:role/fixture",
    logGroup: "/fixture",
    logging: { format: "Text" },
    ...more,
  };
}

const invocationsOf = (logicalId: string): object => ({
  "Fn::Join": [
    "",
    [
      "arn:",
      { Ref: "AWS::Partition" },
      ":apigateway:",
      { Ref: "AWS::Region" },
      ":lambda:path/2015-03-31/functions/",
      { "Fn::GetAtt": [logicalId, "Arn"] },
      "/invocations",
    ],
  ],
});

/** A method with an AWS_PROXY integration. */
export function methodResource(resource: object, method: string, functionId: string, authorizer?: string): object {
  return {
    Type: "AWS::ApiGateway::Method",
    Properties: {
      RestApiId: { Ref: "Api" },
      ResourceId: resource,
      HttpMethod: method,
      AuthorizationType: authorizer === undefined ? "NONE" : "CUSTOM",
      ...(authorizer !== undefined && { AuthorizerId: { Ref: authorizer } }),
      Integration: {
        Type: "AWS_PROXY",
        IntegrationHttpMethod: "POST",
        Uri: invocationsOf(functionId),
        Credentials: { "Fn::GetAtt": ["Invoker", "Arn"] },
      },
    },
  };
}

export function resourceResource(parent: object, part: string): object {
  return {
    Type: "AWS::ApiGateway::Resource",
    Properties: { RestApiId: { Ref: "Api" }, ParentId: parent, PathPart: part },
  };
}

export function gatewayResponseResource(type: string, properties: object): object {
  return {
    Type: "AWS::ApiGateway::GatewayResponse",
    Properties: { RestApiId: { Ref: "Api" }, ResponseType: type, ...properties },
  };
}

export const rootResource = { "Fn::GetAtt": ["Api", "RootResourceId"] };

/** A role with the given actions on every resource. */
export function roleResource(...actions: readonly string[]): object {
  const PolicyDocument = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }] };
  return {
    Type: "AWS::IAM::Role",
    Properties: { AssumeRolePolicyDocument: {}, Policies: [{ PolicyName: "fixture", PolicyDocument }] },
  };
}

/**
 * An API with its stage, the role that invokes its functions, the role of these functions, and the REQUEST authorizer
 * `Authorizer` with the function `AuthorizerFunction`.
 */
export const apiResources = {
  Api: { Type: "AWS::ApiGateway::RestApi", Properties: { Name: "fixture" } },
  Invoker: roleResource("lambda:InvokeFunction"),
  FunctionRole: roleResource("dynamodb:*", "secretsmanager:*"),
  Stage: { Type: "AWS::ApiGateway::Stage", Properties: { RestApiId: { Ref: "Api" }, StageName: "local" } },
  Authorizer: {
    Type: "AWS::ApiGateway::Authorizer",
    Properties: {
      RestApiId: { Ref: "Api" },
      Name: "fixture",
      Type: "REQUEST",
      AuthorizerResultTtlInSeconds: 0,
      IdentitySource: "method.request.header.Authorization",
      AuthorizerUri: invocationsOf("AuthorizerFunction"),
      AuthorizerCredentials: { "Fn::GetAtt": ["Invoker", "Arn"] },
    },
  },
};

/** A route and its function, for templates whose test is about something else: an API has at least one. */
export const unusedRoute = {
  AuthorizerFunction: functionResource("none"),
  None: functionResource("none"),
  NoneResource: resourceResource(rootResource, "none"),
  GetNone: methodResource({ Ref: "NoneResource" }, "GET", "None"),
};

/** An on-demand table with the keys `pk` and `sk` and the TTL attribute `ttl`. */
export function tableResource(more: object = {}): object {
  return {
    Type: "AWS::DynamoDB::Table",
    Properties: {
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
      ...more,
    },
  };
}
