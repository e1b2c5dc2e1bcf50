/** What the local host runs: the deployment that a template describes. */
import type { Json, JsonObject } from "../support/json-value.ts";

export interface TableModel {
  readonly name: string;
  readonly arn: string;
  /** Body of DynamoDB's CreateTable. */
  readonly createTable: JsonObject;
  readonly timeToLiveAttribute: string | undefined;
}

/** `GenerateSecretString` of the template. */
export interface SecretGenerator {
  readonly template: string | undefined;
  readonly key: string | undefined;
  readonly length: number;
  readonly excludePunctuation: boolean;
}

export interface SecretModel {
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  /** The first value: generated, given, or none. */
  readonly initial: { readonly generate: SecretGenerator } | { readonly value: string } | undefined;
  /** Absent when the template does not rotate the secret. */
  readonly rotation?: RotationModel;
}

export interface RotationModel {
  /** ARN of the function that Secrets Manager invokes. */
  readonly functionId: string;
  /** `RotationRules` of the template. The local host rotates on request only. */
  readonly rules: JsonObject;
}

export interface FunctionModel {
  /** The function's ARN, which identifies it everywhere. */
  readonly id: string;
  readonly name: string;
  readonly logicalId: string;
  /** Absolute path of the deployed folder. */
  readonly folder: string;
  /** `<file>.<export>`. */
  readonly handler: string;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly roleArn: string;
  readonly logGroup: string;
  readonly logging: FunctionLogging;
}

/** How Lambda's runtime writes what the function gives to `console`. */
export interface FunctionLogging {
  readonly format: "JSON" | "Text";
  /** Only of the format JSON. */
  readonly level?: string;
}

/** A role's rights as the template states them. */
export interface RoleModel {
  readonly arn: string;
  readonly statements: readonly Json[];
  readonly managedPolicyArns: readonly string[];
}

/** An `AWS::Lambda::Permission`. */
export interface PermissionModel {
  /** Name or ARN of the function. */
  readonly functionName: string;
  readonly action: string;
  readonly principal: string;
  /** Pattern of the ARN of the invoking method, authorizer or secret; any when undefined. */
  readonly sourceArn: string | undefined;
  /** Account of the invoker; any when undefined. */
  readonly sourceAccount: string | undefined;
}

export interface RouteModel {
  readonly resourceId: string;
  /** `/v1/partners/{partnerId}`. */
  readonly resourcePath: string;
  /** `GET`, …, or `ANY`. */
  readonly method: string;
  readonly functionId: string;
  /** ARN that API Gateway invokes: the function's, or that of one version. */
  readonly invokedArn: string;
  /** ARN of the role that API Gateway assumes to invoke the function. */
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
  /** `method.request.header.Authorization` and the like. A request without one of them is refused. */
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
  /** Minimum size in bytes of a compressed response; undefined when the API compresses none. */
  readonly minimumCompressionSize: number | undefined;
  readonly routes: readonly RouteModel[];
  /** Response type → gateway response. */
  readonly gatewayResponses: ReadonlyMap<string, GatewayResponseModel>;
}

export interface CustomResourceModel {
  readonly stackId: string;
  readonly logicalId: string;
  readonly type: string;
  readonly functionId: string;
  readonly properties: JsonObject;
}

/** A rule of EventBridge that invokes a function at a rate. */
export interface ScheduleModel {
  readonly name: string;
  readonly ruleArn: string;
  readonly functionId: string;
  readonly everyMinutes: number;
}

export interface QueueModel {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly delaySeconds: number;
  readonly visibilityTimeoutSeconds: number;
  readonly retentionSeconds: number;
  /** Where a message goes that was received too often. Absent: it stays. */
  readonly redrive?: { readonly queueName: string; readonly maxReceives: number };
}

export interface BusModel {
  readonly name: string;
  readonly arn: string;
}

/** A rule of EventBridge that invokes a function with the events of a bus that match. */
export interface BusRuleModel {
  readonly name: string;
  readonly ruleArn: string;
  readonly busName: string;
  readonly functionId: string;
  readonly matches: (event: unknown) => boolean;
}

interface MappingModel {
  /** Tells it from the other mappings, also after a restart: function and source. */
  readonly id: string;
  readonly functionId: string;
  readonly batchSize: number;
  /** Whether the function answers with the failed items of a batch. */
  readonly reportsItemFailures: boolean;
}

/** Lambda reads the stream of a table and invokes a function. */
export interface StreamMappingModel extends MappingModel {
  readonly tableName: string;
  readonly streamArn: string;
  readonly startsAt: "TRIM_HORIZON" | "LATEST";
  readonly bisects: boolean;
  /** Infinity: until the record expires. */
  readonly maxRetries: number;
  readonly maxRecordAgeSeconds: number;
  /** Whether the function gets a record. Records that match no filter are skipped. */
  readonly accepts: (record: unknown) => boolean;
  /** Queue that is told of a batch that failed for good. */
  readonly failedQueue: QueueModel | undefined;
}

/** Lambda receives the messages of a queue and invokes a function. */
export interface QueueMappingModel extends MappingModel {
  readonly queueName: string;
  readonly queueArn: string;
  readonly maxConcurrency: number;
}

export interface DeploymentModel {
  readonly region: string;
  readonly accountId: string;
  readonly tables: readonly TableModel[];
  readonly secrets: readonly SecretModel[];
  readonly functions: readonly FunctionModel[];
  /** Role ARN → role. */
  readonly roles: ReadonlyMap<string, RoleModel>;
  readonly api: ApiModel | undefined;
  readonly customResources: readonly CustomResourceModel[];
  readonly schedules: readonly ScheduleModel[];
  readonly queues: readonly QueueModel[];
  readonly buses: readonly BusModel[];
  readonly busRules: readonly BusRuleModel[];
  readonly streamMappings: readonly StreamMappingModel[];
  readonly queueMappings: readonly QueueMappingModel[];
}
