/**
 * What the local host runs, read from the resolved resources. A resource type or a property that is not listed here stops
 * the start with its name: what the host does not know may change what is deployed.
 */
import { LocalHostError } from "../support/errors.ts";
import {
  checkInvokeRights,
  checkRotationRights,
  type InvocationModel,
  type PermissionModel,
} from "../iam/invoke-rights.ts";
import { isObject, Properties, type Json, type JsonObject } from "./json.ts";
import type { LoadedAssembly, ResolvedResource } from "./intrinsics.ts";

export interface TableModel {
  readonly name: string;
  readonly arn: string;
  /** Body of DynamoDB's CreateTable. */
  readonly createTable: JsonObject;
  readonly timeToLiveAttribute: string | undefined;
}

/** `GenerateSecretString` as AWS names its options. */
export interface SecretGenerator {
  readonly template: string | undefined;
  readonly key: string | undefined;
  readonly length: number;
  readonly excludeCharacters: string;
  readonly excludeLowercase: boolean;
  readonly excludeNumbers: boolean;
  readonly excludePunctuation: boolean;
  readonly excludeUppercase: boolean;
  readonly includeSpace: boolean;
  readonly requireEachIncludedType: boolean;
}

export interface SecretModel {
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  /** How the first value comes into being: generated, given, or not at all. */
  readonly initial: { readonly generate: SecretGenerator } | { readonly value: string } | undefined;
  /** How it is rotated; not at all when absent. */
  readonly rotation?: RotationModel;
}

export interface RotationModel {
  /** ARN of the function that Secrets Manager calls. */
  readonly functionId: string;
  /** `RotationRules` as the template has them; the local host rotates when it is told to, never by itself. */
  readonly rules: JsonObject;
}

export interface FunctionModel {
  /** The function's ARN, by which everything else names it. */
  readonly id: string;
  readonly name: string;
  readonly logicalId: string;
  /** Absolute path of the folder that is deployed. */
  readonly folder: string;
  /** `<file>.<export>`. */
  readonly handler: string;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly roleArn: string;
  readonly logGroup: string;
}

/** A role's rights, as its template states them. */
export interface RoleModel {
  readonly arn: string;
  readonly statements: readonly Json[];
  /** Managed policies that the template does not hold. */
  readonly managedPolicyArns: readonly string[];
}

export interface RouteModel {
  readonly resourceId: string;
  /** API Gateway's path of the resource: `/v1/partners/{partnerId}`. */
  readonly resourcePath: string;
  /** `GET` …, or `ANY`. */
  readonly method: string;
  readonly functionId: string;
  /** ARN that API Gateway invokes: the function's, or that of one version. */
  readonly invokedArn: string;
  /** ARN of the role under which API Gateway invokes the function. */
  readonly credentials: string | undefined;
  readonly integrationTimeoutMilliseconds: number;
  readonly authorizer: AuthorizerModel | undefined;
}

export interface AuthorizerModel {
  readonly id: string;
  readonly functionId: string;
  /** ARN that API Gateway invokes: the function's, or that of one version. */
  readonly invokedArn: string;
  readonly credentials: string | undefined;
  /** `method.request.header.Authorization` and its like; all must be there and not empty. */
  readonly identitySources: readonly string[];
}

export interface GatewayResponseModel {
  readonly statusCode: number | undefined;
  /** `gatewayresponse.header.<name>` → `'static'`, `context.*` or `method.request.*`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Content type → template. */
  readonly templates: Readonly<Record<string, string>>;
}

export interface ApiModel {
  readonly id: string;
  readonly stage: string;
  readonly region: string;
  readonly accountId: string;
  readonly stageVariables: Readonly<Record<string, string>> | undefined;
  readonly binaryMediaTypes: readonly string[];
  /** Size in bytes from which on answers are compressed; undefined where none is. */
  readonly minimumCompressionSize: number | undefined;
  readonly routes: readonly RouteModel[];
  /** Response type → how it is answered. */
  readonly gatewayResponses: ReadonlyMap<string, GatewayResponseModel>;
}

export interface CustomResourceModel {
  readonly stackId: string;
  readonly logicalId: string;
  readonly type: string;
  readonly functionId: string;
  readonly properties: JsonObject;
}

export interface DeploymentModel {
  readonly region: string;
  readonly accountId: string;
  readonly tables: readonly TableModel[];
  readonly secrets: readonly SecretModel[];
  readonly functions: readonly FunctionModel[];
  /** Role ARN → its rights. */
  readonly roles: ReadonlyMap<string, RoleModel>;
  readonly api: ApiModel | undefined;
  readonly customResources: readonly CustomResourceModel[];
}

/** Types that change nothing for a caller on one machine, each with the reason. */
const withoutLocalMeaning: Readonly<Record<string, string>> = {
  "AWS::ApiGateway::Account": "names the role by which API Gateway writes logs",
  "AWS::ApiGateway::Deployment": "a snapshot of the API; the local host always serves the template's newest",
  "AWS::Lambda::Version": "the code of one release; the local host runs one release at a time",
  "AWS::CDK::Metadata": "CDK's usage statistics",
  "AWS::CloudWatch::Alarm": "there are no metrics to watch",
  "AWS::CloudWatch::CompositeAlarm": "there are no metrics to watch",
  "AWS::CloudWatch::Dashboard": "there are no metrics to show",
  "AWS::KMS::Alias": "nothing is encrypted at rest on a developer's machine",
  "AWS::KMS::Key": "nothing is encrypted at rest on a developer's machine",
  "AWS::Logs::LogGroup": "functions log to a file",
  "AWS::Logs::MetricFilter": "there are no metrics",
  "AWS::Logs::QueryDefinition": "a saved search over logs",
  "AWS::Logs::ResourcePolicy": "who may write logs",
  "AWS::SNS::Subscription": "nobody is alarmed locally",
  "AWS::SNS::Topic": "nobody is alarmed locally",
  "AWS::SNS::TopicPolicy": "nobody is alarmed locally",
  "AWS::WAFv2::LoggingConfiguration": "there is no firewall",
  "AWS::WAFv2::WebACL": "a firewall before the API",
  "AWS::WAFv2::WebACLAssociation": "a firewall before the API",
};

/** Context in which one resource is read. */
interface Reading {
  readonly assembly: LoadedAssembly;
  readonly resource: ResolvedResource;
  readonly properties: Properties;
}

const describe = (resource: ResolvedResource): string => `${resource.type} ${resource.stack}/${resource.logicalId}`;

function refOf({ resource }: Reading): string {
  if (resource.ref === undefined) throw new LocalHostError(`${describe(resource)} has no local identity`);
  return resource.ref;
}

function arnOf(reading: Reading, service: string, rest: string): string {
  return `arn:aws:${service}:${reading.assembly.region}:${reading.assembly.accountId}:${rest}`;
}

function readTable(reading: Reading): TableModel {
  const { properties } = reading;
  const global = reading.resource.type === "AWS::DynamoDB::GlobalTable";
  properties.only(
    ...[
      "AttributeDefinitions",
      "KeySchema",
      "GlobalSecondaryIndexes",
      "LocalSecondaryIndexes",
      "BillingMode",
      "TableName",
    ],
    ...["TimeToLiveSpecification", "StreamSpecification"],
    // How the data is kept, protected and paid for: none of it is visible to a call.
    ...["SSESpecification", "PointInTimeRecoverySpecification", "DeletionProtectionEnabled", "Tags", "TableClass"],
    ...["OnDemandThroughput", "WriteOnDemandThroughputSettings", "WarmThroughput", "ContributorInsightsSpecification"],
    ...(global ? ["Replicas"] : []),
  );
  if (properties.optionalText("BillingMode") !== "PAY_PER_REQUEST") {
    properties.refuse("BillingMode", "must be PAY_PER_REQUEST: the local host does not know provisioned capacity");
  }
  const name = refOf(reading);
  const timeToLive = properties.child("TimeToLiveSpecification");
  const optional = (property: string): JsonObject => {
    const value = properties.raw(property);
    return value === undefined ? {} : { [property]: value };
  };
  const indexes = properties.children("GlobalSecondaryIndexes").map((index) => ({
    IndexName: index.text("IndexName"),
    KeySchema: index.list("KeySchema"),
    Projection: index.raw("Projection") ?? null,
  }));
  return {
    name,
    arn: arnOf(reading, "dynamodb", `table/${name}`),
    createTable: {
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      ...optional("AttributeDefinitions"),
      ...optional("KeySchema"),
      ...(indexes.length > 0 && { GlobalSecondaryIndexes: indexes }),
      ...optional("LocalSecondaryIndexes"),
      ...(properties.has("StreamSpecification") && {
        StreamSpecification: {
          StreamEnabled: true,
          StreamViewType: properties.child("StreamSpecification").text("StreamViewType"),
        },
      }),
    },
    timeToLiveAttribute: timeToLive.flag("Enabled", false) ? timeToLive.text("AttributeName") : undefined,
  };
}

function readSecret(reading: Reading): SecretModel {
  const { properties } = reading;
  properties.only("Name", "Description", "GenerateSecretString", "SecretString", "KmsKeyId", "Tags");
  const options = properties
    .child("GenerateSecretString")
    .only(
      ...[
        "SecretStringTemplate",
        "GenerateStringKey",
        "PasswordLength",
        "ExcludeCharacters",
        "ExcludeLowercase",
        "ExcludeNumbers",
      ],
      ...["ExcludePunctuation", "ExcludeUppercase", "IncludeSpace", "RequireEachIncludedType"],
    );
  const arn = refOf(reading);
  const value = properties.optionalText("SecretString");
  const initial = properties.has("GenerateSecretString")
    ? {
        generate: {
          template: options.optionalText("SecretStringTemplate"),
          key: options.optionalText("GenerateStringKey"),
          length: options.number("PasswordLength", 32),
          excludeCharacters: options.optionalText("ExcludeCharacters") ?? "",
          excludeLowercase: options.flag("ExcludeLowercase", false),
          excludeNumbers: options.flag("ExcludeNumbers", false),
          excludePunctuation: options.flag("ExcludePunctuation", false),
          excludeUppercase: options.flag("ExcludeUppercase", false),
          includeSpace: options.flag("IncludeSpace", false),
          requireEachIncludedType: options.flag("RequireEachIncludedType", true),
        },
      }
    : value === undefined
      ? undefined
      : { value };
  return {
    arn,
    name: properties.optionalText("Name") ?? `${reading.resource.stack}-${reading.resource.logicalId}`,
    description: properties.optionalText("Description"),
    initial,
  };
}

/** ARN of a secret → how it is rotated. */
function readRotations(
  readings: readonly Reading[],
  secrets: readonly SecretModel[],
  functions: readonly FunctionModel[],
): ReadonlyMap<string, RotationModel> {
  return new Map(
    readings.map(({ properties }) => {
      properties.only("SecretId", "RotationLambdaARN", "RotationRules", "RotateImmediatelyOnUpdate");
      properties.child("RotationRules").only("AutomaticallyAfterDays", "ScheduleExpression", "Duration");
      if (properties.flag("RotateImmediatelyOnUpdate", true)) {
        properties.refuse("RotateImmediatelyOnUpdate", "must be false: the local host rotates only when it is told to");
      }
      const [arn, functionId] = [properties.text("SecretId"), properties.text("RotationLambdaARN")];
      if (!secrets.some((secret) => secret.arn === arn))
        properties.refuse("SecretId", "names no secret of the template");
      if (!functions.some(({ id }) => id === functionId)) {
        properties.refuse("RotationLambdaARN", "names no function of the template");
      }
      const rules = properties.raw("RotationRules");
      return [arn, { functionId, rules: isObject(rules) ? rules : {} }];
    }),
  );
}

function readFunction(reading: Reading): FunctionModel {
  const { properties, resource, assembly } = reading;
  properties.only(
    ...["Code", "Handler", "Runtime", "MemorySize", "Timeout", "Environment", "Role", "FunctionName", "PackageType"],
    // Nothing that a call can tell: the machine is what it is, logs go to a file, there is no X-Ray.
    ...[
      "Architectures",
      "Description",
      "LoggingConfig",
      "Tags",
      "TracingConfig",
      "RuntimeManagementConfig",
      "KmsKeyArn",
    ],
  );
  if (properties.text("Runtime") !== "nodejs24.x") properties.refuse("Runtime", "must be nodejs24.x");
  const name = refOf(reading);
  const key = properties.child("Code").only("S3Bucket", "S3Key").text("S3Key");
  const folder = assembly.assets.get(key);
  if (folder === undefined)
    throw new LocalHostError(`${describe(resource)}: its code ${key} is no asset of the assembly`);
  return {
    id: arnOf(reading, "lambda", `function:${name}`),
    name,
    logicalId: resource.logicalId,
    folder,
    handler: properties.text("Handler"),
    memoryMegabytes: properties.number("MemorySize", 128),
    timeoutSeconds: properties.number("Timeout", 3),
    environment: properties.child("Environment").only("Variables").map("Variables"),
    roleArn: properties.text("Role"),
    logGroup: properties.child("LoggingConfig").optionalText("LogGroup") ?? `/aws/lambda/${name}`,
  };
}

function statementsOf(document: Json | undefined): readonly Json[] {
  const statement = isObject(document) ? document["Statement"] : undefined;
  return statement === undefined ? [] : Array.isArray(statement) ? statement : [statement];
}

function readRoles(readings: readonly Reading[]): ReadonlyMap<string, RoleModel> {
  const managed = readings.filter(({ resource }) => resource.type === "AWS::IAM::ManagedPolicy");
  const attachable = [...readings.filter(({ resource }) => resource.type === "AWS::IAM::Policy"), ...managed];
  return new Map(
    readings
      .filter(({ resource }) => resource.type === "AWS::IAM::Role")
      .map((reading) => {
        const { properties } = reading;
        properties.only(
          ...[
            "AssumeRolePolicyDocument",
            "Policies",
            "ManagedPolicyArns",
            "RoleName",
            "Description",
            "Tags",
            "Path",
            "MaxSessionDuration",
          ],
        );
        const name = refOf(reading);
        const arn = `arn:aws:iam::${reading.assembly.accountId}:role/${name}`;
        const inline = properties.children("Policies").map((policy) => policy.raw("PolicyDocument"));
        const managedArns = properties.texts("ManagedPolicyArns");
        const separate = attachable
          .filter(
            ({ properties: policy, resource }) =>
              policy.texts("Roles").includes(name) || managedArns.includes(resource.ref ?? ""),
          )
          .map((policy) => policy.properties.raw("PolicyDocument"));
        return [
          arn,
          {
            arn,
            statements: [...inline, ...separate].flatMap(statementsOf),
            managedPolicyArns: managedArns.filter(
              (managedArn) => !managed.some(({ resource }) => resource.ref === managedArn),
            ),
          },
        ];
      }),
  );
}

/** `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<function ARN>/invocations` → ARN of function or version. */
function invokedArnOf(properties: Properties, property: string): string {
  const [, id] = /:lambda:path\/2015-03-31\/functions\/(.+)\/invocations$/.exec(properties.text(property)) ?? [];
  return id ?? properties.refuse(property, "names no Lambda function");
}

/** The ARN without the number of a version: the local host runs one version of each function. */
function functionIdOf(arn: string): string {
  return arn.replace(/(:function:[^:]+):[0-9]+$/, "$1");
}

function readAuthorizer(reading: Reading): AuthorizerModel {
  const { properties } = reading;
  properties.only(
    ...[
      "RestApiId",
      "Name",
      "Type",
      "AuthorizerUri",
      "IdentitySource",
      "AuthorizerResultTtlInSeconds",
      "AuthorizerCredentials",
    ],
  );
  if (properties.text("Type") !== "REQUEST") properties.refuse("Type", "must be REQUEST");
  if (properties.number("AuthorizerResultTtlInSeconds", 300) !== 0) {
    properties.refuse("AuthorizerResultTtlInSeconds", "must be 0: the local host caches no authorizer results");
  }
  const sources = (properties.optionalText("IdentitySource") ?? "").split(",").map((source) => source.trim());
  const unknown = sources.find(
    (source) => source !== "" && !/^method\.request\.(header|querystring)\.[^.]+$/.test(source),
  );
  if (unknown !== undefined) {
    properties.refuse("IdentitySource", `names ${unknown}, which the local host does not know`);
  }
  const invokedArn = invokedArnOf(properties, "AuthorizerUri");
  return {
    id: refOf(reading),
    functionId: functionIdOf(invokedArn),
    invokedArn,
    credentials: properties.optionalText("AuthorizerCredentials"),
    identitySources: sources.filter((source) => source !== ""),
  };
}

function readRoute(
  reading: Reading,
  paths: ReadonlyMap<string, string>,
  authorizers: ReadonlyMap<string, AuthorizerModel>,
): RouteModel {
  const { properties } = reading;
  properties.only(
    ...["RestApiId", "ResourceId", "HttpMethod", "AuthorizationType", "AuthorizerId", "Integration", "ApiKeyRequired"],
    // Names and documentation of parameters and answers: a Lambda proxy integration passes everything through.
    ...["OperationName", "MethodResponses", "RequestParameters"],
  );
  if (properties.flag("ApiKeyRequired", false)) properties.refuse("ApiKeyRequired", "is not known to the local host");
  const integration = properties.child("Integration");
  integration.only("Type", "IntegrationHttpMethod", "Uri", "Credentials", "TimeoutInMillis", "PassthroughBehavior");
  if (integration.text("Type") !== "AWS_PROXY") {
    integration.refuse(
      "Type",
      `${integration.text("Type")} is not supported locally, only AWS_PROXY; leave the local stage without CORS origins`,
    );
  }
  if (integration.text("IntegrationHttpMethod") !== "POST") {
    integration.refuse("IntegrationHttpMethod", "must be POST: Lambda is invoked by nothing else");
  }
  const authorization = properties.optionalText("AuthorizationType") ?? "NONE";
  const authorizer = authorizers.get(properties.optionalText("AuthorizerId") ?? "");
  if (authorization !== "NONE" && !(authorization === "CUSTOM" && authorizer !== undefined)) {
    properties.refuse("AuthorizationType", `${authorization} is not known to the local host`);
  }
  const invokedArn = invokedArnOf(integration, "Uri");
  const resourceId = properties.text("ResourceId");
  const resourcePath =
    paths.get(resourceId) ?? properties.refuse("ResourceId", `${resourceId} is no resource of the API`);
  return {
    resourceId,
    resourcePath,
    method: properties.text("HttpMethod"),
    functionId: functionIdOf(invokedArn),
    invokedArn,
    credentials: integration.optionalText("Credentials"),
    integrationTimeoutMilliseconds: integration.number("TimeoutInMillis", 29_000),
    authorizer: authorization === "CUSTOM" ? authorizer : undefined,
  };
}

/** Resource id → full path, the root's included. */
function readPaths(rootId: string, readings: readonly Reading[]): ReadonlyMap<string, string> {
  const parts = new Map(
    readings.map((reading) => {
      reading.properties.only("RestApiId", "ParentId", "PathPart");
      return [
        refOf(reading),
        { parent: reading.properties.text("ParentId"), part: reading.properties.text("PathPart") },
      ];
    }),
  );
  const pathOf = (id: string): string => {
    const resource = parts.get(id);
    return resource === undefined ? "" : `${pathOf(resource.parent)}/${resource.part}`;
  };
  return new Map([[rootId, "/"], ...[...parts.keys()].map((id) => [id, pathOf(id)] as const)]);
}

function readGatewayResponse({ properties }: Reading): readonly [string, GatewayResponseModel] {
  properties.only("RestApiId", "ResponseType", "StatusCode", "ResponseParameters", "ResponseTemplates");
  const parameters = properties.map("ResponseParameters");
  for (const [name, value] of Object.entries(parameters)) {
    if (!/^gatewayresponse\.header\.[^.]+$/.test(name))
      properties.refuse(`ResponseParameters.${name}`, "is not known to the local host");
    if (!/^('.*'|context\..+|method\.request\.(header|querystring|path)\..+)$/s.test(value)) {
      properties.refuse(`ResponseParameters.${name}`, `has the mapping ${value}, which the local host does not know`);
    }
  }
  const templates = properties.map("ResponseTemplates");
  for (const [type, template] of Object.entries(templates)) {
    // Gateway responses substitute variables; a directive would be passed on as it stands.
    if (/#(set|if|foreach|end)\b|\$(input|util|stageVariables)\b/.test(template)) {
      properties.refuse(`ResponseTemplates.${type}`, "holds VTL beyond plain $context substitution");
    }
  }
  const status = properties.optionalText("StatusCode");
  return [
    properties.text("ResponseType"),
    { statusCode: status === undefined ? undefined : Number(status), parameters, templates },
  ];
}

function readApi(readings: readonly Reading[]): ApiModel | undefined {
  const ofType = (type: string): readonly Reading[] =>
    readings.filter(({ resource }) => resource.type === `AWS::ApiGateway::${type}`);
  const [api, another] = ofType("RestApi");
  if (api === undefined) return undefined;
  if (another !== undefined)
    throw new LocalHostError(`${describe(another.resource)}: the local host serves one API only`);
  api.properties.only(
    ...[
      "Name",
      "Description",
      "EndpointConfiguration",
      "BinaryMediaTypes",
      "MinimumCompressionSize",
      "DisableExecuteApiEndpoint",
      "ApiKeySourceType",
      "Tags",
    ],
  );
  const id = refOf(api);
  const [stage] = ofType("Stage");
  if (stage === undefined) throw new LocalHostError(`${describe(api.resource)} has no stage`);
  stage.properties.only(
    ...["RestApiId", "DeploymentId", "StageName", "Variables"],
    // Logs, metrics, throttling and tracing: the local host neither counts nor slows calls.
    ...["AccessLogSetting", "MethodSettings", "TracingEnabled", "Description", "Tags"],
  );
  const rootId = api.resource.rootResourceId;
  const authorizers = new Map(ofType("Authorizer").map((reading) => [refOf(reading), readAuthorizer(reading)]));
  const paths = readPaths(rootId ?? "", ofType("Resource"));
  return {
    id,
    stage: refOf(stage),
    region: api.assembly.region,
    accountId: api.assembly.accountId,
    stageVariables: stage.properties.has("Variables") ? stage.properties.map("Variables") : undefined,
    binaryMediaTypes: api.properties.texts("BinaryMediaTypes"),
    minimumCompressionSize: api.properties.has("MinimumCompressionSize")
      ? api.properties.number("MinimumCompressionSize", 0)
      : undefined,
    routes: ofType("Method").map((reading) => readRoute(reading, paths, authorizers)),
    gatewayResponses: new Map(ofType("GatewayResponse").map(readGatewayResponse)),
  };
}

function readCustomResource(
  { properties, resource }: Reading,
  functions: readonly FunctionModel[],
): CustomResourceModel {
  const functionId = properties.text("ServiceToken");
  if (!functions.some(({ id }) => id === functionId)) {
    properties.refuse("ServiceToken", "names no function of the template");
  }
  return {
    stackId: resource.stackId,
    logicalId: resource.logicalId,
    type: resource.type,
    functionId,
    properties: resource.properties,
  };
}

function readPermission({ properties }: Reading): PermissionModel {
  properties.only("FunctionName", "Action", "Principal", "SourceArn", "SourceAccount");
  return {
    functionName: properties.text("FunctionName"),
    action: properties.text("Action"),
    principal: properties.text("Principal"),
    sourceArn: properties.optionalText("SourceArn"),
    sourceAccount: properties.optionalText("SourceAccount"),
  };
}

/** Everywhere that the API invokes a function from, by the ARN that AWS knows the place by. */
function invocationsOf({ id, stage, region, accountId, routes }: ApiModel): readonly InvocationModel[] {
  const base = `arn:aws:execute-api:${region}:${accountId}:${id}`;
  return routes.flatMap(({ invokedArn, credentials, method, resourcePath, authorizer }) => [
    // Path parameters stand as `*` in the ARN of a method.
    {
      functionId: invokedArn,
      credentials,
      sourceArn: `${base}/${stage}/${method}${resourcePath.replace(/\{[^}]+\}/g, "*")}`,
    },
    ...(authorizer
      ? [
          {
            functionId: authorizer.invokedArn,
            credentials: authorizer.credentials,
            sourceArn: `${base}/authorizers/${authorizer.id}`,
          },
        ]
      : []),
  ]);
}

const modelled: readonly string[] = [
  ...["AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "AWS::SecretsManager::Secret", "AWS::Lambda::Function"],
  "AWS::SecretsManager::RotationSchedule",
  ...[
    "AWS::IAM::Role",
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::Method",
  ],
  ...["AWS::ApiGateway::Authorizer", "AWS::ApiGateway::GatewayResponse", "AWS::ApiGateway::Stage"],
  "AWS::Lambda::Permission",
];

const isCustom = (type: string): boolean =>
  type.startsWith("Custom::") || type === "AWS::CloudFormation::CustomResource";

/**
 * Reads what the local host runs from an assembly.
 *
 * @throws LocalHostError naming the first resource type or property that it does not know
 */
export function readModel(assembly: LoadedAssembly): DeploymentModel {
  const readings = assembly.resources.map((resource) => ({
    assembly,
    resource,
    properties: new Properties(describe(resource), resource.properties),
  }));
  const ofType = (...types: readonly string[]): readonly Reading[] =>
    readings.filter(({ resource }) => types.includes(resource.type));
  const unknown = assembly.resources.find(
    ({ type }) => !modelled.includes(type) && !isCustom(type) && !Object.hasOwn(withoutLocalMeaning, type),
  );
  if (unknown !== undefined) {
    throw new LocalHostError(
      `${describe(unknown)}: the local host does not know this resource type (infra/local/template/model.ts)`,
    );
  }
  const functions = ofType("AWS::Lambda::Function").map(readFunction);
  const api = readApi(readings);
  const stray = api?.routes
    .flatMap((route) => [route.functionId, ...(route.authorizer ? [route.authorizer.functionId] : [])])
    .find((id) => !functions.some((declared) => declared.id === id));
  if (stray !== undefined) throw new LocalHostError(`the API invokes ${stray}, which is no function of the template`);
  const roles = readRoles(readings);
  const permissions = ofType("AWS::Lambda::Permission").map(readPermission);
  checkInvokeRights(api === undefined ? [] : invocationsOf(api), roles, permissions);
  const secrets = ofType("AWS::SecretsManager::Secret").map(readSecret);
  const rotations = readRotations(ofType("AWS::SecretsManager::RotationSchedule"), secrets, functions);
  checkRotationRights(
    [...rotations].map(([secretArn, { functionId }]) => ({ secretArn, functionId })),
    permissions,
  );
  return {
    region: assembly.region,
    accountId: assembly.accountId,
    tables: ofType("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable").map(readTable),
    secrets: secrets.map((secret) => {
      const rotation = rotations.get(secret.arn);
      return rotation === undefined ? secret : { ...secret, rotation };
    }),
    functions,
    roles,
    api,
    customResources: readings
      .filter(({ resource }) => isCustom(resource.type))
      .map((reading) => readCustomResource(reading, functions)),
  };
}
