/**
 * The resource types of a template that the local host serves, with the properties that it knows. An unknown property stops the
 * start: it may change what is deployed.
 */
import * as z from "zod";
import { isObject, type Json, type JsonObject } from "../support/json-value.ts";
import { mustBe } from "../support/parsing.ts";

// CloudFormation converts scalars where it expects a different type.
const text = z.union([z.string(), z.number(), z.boolean()], { error: mustBe("a string") }).transform(String);
const number = z
  .union([z.number(), z.string().regex(/^\d+(\.\d+)?$/)], { error: mustBe("a number") })
  .transform(Number);
const flag = z
  .union([z.boolean(), z.enum(["true", "false"])], { error: mustBe("true or false") })
  .transform((value) => value === true || value === "true");
const texts = z.array(text, { error: mustBe("a list of strings") });
const textMap = z.record(z.string(), text, { error: mustBe("an object of strings") });
const json = z.custom<Json>((value) => value !== undefined, { error: mustBe("a value") });
const jsonObject = z.custom<JsonObject>(isObject, { error: mustBe("an object") });
const exactly = <Value extends string | number | boolean>(value: Value, reason = "") =>
  z.literal(value, { error: `must be ${value}${reason}` });

/** Known properties that change nothing on one machine. */
function ignored<Name extends string>(...names: readonly Name[]): Record<Name, z.ZodOptional<z.ZodUnknown>> {
  return Object.fromEntries(names.map((name) => [name, z.unknown().optional()])) as Record<
    Name,
    z.ZodOptional<z.ZodUnknown>
  >;
}

const table = z.strictObject({
  TableName: text.optional(),
  BillingMode: exactly("PAY_PER_REQUEST", ": the local host has no provisioned capacity"),
  AttributeDefinitions: json,
  KeySchema: json,
  GlobalSecondaryIndexes: z
    .array(z.strictObject({ IndexName: text, KeySchema: json, Projection: json }), { error: mustBe("a list") })
    .optional(),
  StreamSpecification: z.strictObject({ StreamViewType: text }).optional(),
  TimeToLiveSpecification: z.strictObject({ Enabled: flag, AttributeName: text }).optional(),
  // How AWS keeps, protects and bills the data.
  ...ignored("SSESpecification", "PointInTimeRecoverySpecification", "DeletionProtectionEnabled", "Tags", "TableClass"),
  ...ignored("ContributorInsightsSpecification", "OnDemandThroughput"),
});

const secret = z.strictObject({
  Name: text.optional(),
  Description: text.optional(),
  SecretString: text.optional(),
  GenerateSecretString: z
    .strictObject({
      SecretStringTemplate: text.optional(),
      GenerateStringKey: text.optional(),
      PasswordLength: number.default(32),
      ExcludePunctuation: flag.default(false),
    })
    .optional(),
  ...ignored("KmsKeyId", "Tags"),
});

const rotationSchedule = z.strictObject({
  SecretId: text,
  RotationLambdaARN: text,
  RotationRules: jsonObject.default({}),
  RotateImmediatelyOnUpdate: z.literal([false, "false"], {
    error: "must be false: the local host rotates on request only",
  }),
});

// The level of AWS's own log lines has no meaning here.
const loggingConfig = z.object(
  {
    LogGroup: text.optional(),
    LogFormat: z.enum(["JSON", "Text"], { error: mustBe("JSON or Text") }).default("Text"),
    ApplicationLogLevel: text.optional(),
  },
  { error: mustBe("an object") },
);

const lambdaFunction = z.strictObject({
  FunctionName: text.optional(),
  Code: z.strictObject({ S3Bucket: text, S3Key: text }, { error: mustBe("an asset") }),
  Handler: text,
  Runtime: exactly("nodejs24.x"),
  MemorySize: number.default(128),
  Timeout: number.default(3),
  Environment: z.strictObject({ Variables: textMap.default({}) }).default({ Variables: {} }),
  Role: text,
  LoggingConfig: loggingConfig.default({ LogFormat: "Text" }),
  ...ignored("Architectures", "Description", "ReservedConcurrentExecutions", "RecursiveLoop", "Tags", "TracingConfig"),
  ...ignored("RuntimeManagementConfig", "KmsKeyArn"),
});

const permission = z.strictObject({
  FunctionName: text,
  Action: text,
  Principal: text,
  SourceArn: text.optional(),
  SourceAccount: text.optional(),
});

const minutesIn: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1440 };
/** Timers of Node wait no longer. */
const maxScheduleMinutes = 24 * 1440;

/** `rate(5 minutes)` → 5. */
const scheduleMinutes = text.transform((expression, context) => {
  const [, count, unit = ""] = /^rate\(([1-9]\d*) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const minutes = Number(count) * (minutesIn[unit] ?? NaN);
  if (!(minutes <= maxScheduleMinutes)) context.addIssue("must be a rate of at most 24 days, such as rate(5 minutes)");
  return minutes;
});

const rule = z.strictObject({
  Name: text.optional(),
  /** Absent for a rule on the events of AWS itself, of which there are none on one machine. */
  EventBusName: text.optional(),
  ScheduleExpression: scheduleMinutes.optional(),
  State: z.enum(["ENABLED", "DISABLED"], { error: "must be ENABLED or DISABLED" }).default("ENABLED"),
  Targets: z
    .array(z.strictObject({ Arn: text, InputTransformer: json.optional(), ...ignored("Id", "RetryPolicy") }), {
      error: mustBe("a list"),
    })
    .default([]),
  EventPattern: json.optional(),
  ...ignored("Description"),
});

const eventBus = z.strictObject({ Name: text, ...ignored("Description", "KmsKeyIdentifier", "Tags", "LogConfig") });

const queue = z.strictObject({
  QueueName: text.optional(),
  DelaySeconds: number.default(0),
  VisibilityTimeout: number.default(30),
  MessageRetentionPeriod: number.default(345_600),
  RedrivePolicy: z.strictObject({ deadLetterTargetArn: text, maxReceiveCount: number }).optional(),
  FifoQueue: z
    .literal([false, "false"], { error: "must be false: the local host has standard queues only" })
    .optional(),
  // How AWS encrypts, and how long a receive waits: Lambda's own receives decide that.
  ...ignored("SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "ReceiveMessageWaitTimeSeconds"),
  ...ignored("MaximumMessageSize", "RedriveAllowPolicy", "Tags"),
});

/** Calls stay on this machine, so a policy may demand TLS. Everything else would change who may use the queue. */
const queuePolicy = z.strictObject({
  Queues: texts,
  PolicyDocument: z.object(
    {
      Statement: z.array(
        z.object({
          Effect: exactly("Deny", ": the local host knows no rights from queue policies"),
          Condition: z.strictObject({
            Bool: z.strictObject({
              "aws:SecureTransport": z.literal([false, "false"], { error: "must be false" }),
            }),
          }),
        }),
      ),
    },
    { error: mustBe("a policy") },
  ),
});

const eventSourceMapping = z.strictObject({
  FunctionName: text,
  EventSourceArn: text,
  Enabled: flag.default(true),
  BatchSize: number.optional(),
  MaximumBatchingWindowInSeconds: z
    .literal([0, "0"], { error: "must be 0: the local host does not wait for a batch to fill" })
    .optional(),
  FunctionResponseTypes: z.array(exactly("ReportBatchItemFailures")).default([]),
  FilterCriteria: z.strictObject({ Filters: z.array(z.strictObject({ Pattern: text })) }).optional(),
  // Of streams.
  StartingPosition: z.enum(["TRIM_HORIZON", "LATEST"], { error: "must be TRIM_HORIZON or LATEST" }).optional(),
  ParallelizationFactor: z.literal([1, "1"], { error: "must be 1: the local host reads a shard in order" }).optional(),
  BisectBatchOnFunctionError: flag.default(false),
  // -1 stands for no limit.
  MaximumRetryAttempts: z.union([z.literal(-1), number]).default(-1),
  MaximumRecordAgeInSeconds: z.union([z.literal(-1), number]).default(-1),
  DestinationConfig: z.strictObject({ OnFailure: z.strictObject({ Destination: text }).optional() }).optional(),
  // Of queues.
  ScalingConfig: z.strictObject({ MaximumConcurrency: number.optional() }).optional(),
  ...ignored("MetricsConfig", "Tags"),
});

const statements = z
  .object(
    { Statement: z.union([z.array(json), json.transform((statement) => [statement])]) },
    { error: mustBe("a policy") },
  )
  .transform(({ Statement }) => Statement as readonly Json[]);

const role = z.strictObject({
  RoleName: text.optional(),
  Policies: z.array(z.strictObject({ PolicyName: text, PolicyDocument: statements })).default([]),
  ManagedPolicyArns: texts.default([]),
  ...ignored("AssumeRolePolicyDocument", "Description", "Tags", "Path", "MaxSessionDuration"),
});

const policy = z.strictObject({ PolicyName: text, Roles: texts, PolicyDocument: statements });

const restApi = z.strictObject({
  BinaryMediaTypes: texts.default([]),
  MinimumCompressionSize: number.optional(),
  ...ignored("Name", "Description", "EndpointConfiguration", "DisableExecuteApiEndpoint", "ApiKeySourceType", "Tags"),
});

const stage = z.strictObject({
  StageName: text,
  Variables: textMap.optional(),
  ...ignored("RestApiId", "DeploymentId", "Description", "Tags"),
  // The local host neither counts nor slows calls.
  ...ignored("AccessLogSetting", "MethodSettings", "TracingEnabled"),
});

const resource = z.strictObject({ ParentId: text, PathPart: text, ...ignored("RestApiId") });

/** `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<function ARN>/invocations` → ARN of function or version. */
const functionUri = text.transform((uri, context) => {
  const [, id] = /:lambda:path\/2015-03-31\/functions\/(.+)\/invocations$/.exec(uri) ?? [];
  if (id === undefined) context.addIssue("names no Lambda function");
  return id ?? "";
});

const authorizer = z.strictObject({
  Type: exactly("REQUEST"),
  AuthorizerUri: functionUri,
  AuthorizerCredentials: text.optional(),
  AuthorizerResultTtlInSeconds: exactly(0, ": the local host does not cache authorizer results"),
  IdentitySource: text.default("").transform((list, context) => {
    const sources = list.split(",").flatMap((source) => source.trim() || []);
    const unknown = sources.find((source) => !/^method\.request\.(header|querystring)\.[^.]+$/.test(source));
    if (unknown !== undefined) context.addIssue(`names ${unknown}, which is not known to the local host`);
    return sources;
  }),
  ...ignored("RestApiId", "Name"),
});

const method = z.strictObject({
  ResourceId: text,
  HttpMethod: text,
  AuthorizationType: z.enum(["NONE", "CUSTOM"], { error: "must be NONE or CUSTOM" }).default("NONE"),
  AuthorizerId: text.optional(),
  ApiKeyRequired: z.literal([false, "false"], { error: "must be false" }).optional(),
  Integration: z.strictObject({
    Type: exactly("AWS_PROXY", ": leave the local stage without CORS origins"),
    IntegrationHttpMethod: exactly("POST", ": Lambda accepts no other method"),
    Uri: functionUri,
    Credentials: text.optional(),
    TimeoutInMillis: number.default(29_000),
    ...ignored("PassthroughBehavior"),
  }),
  // Names and documentation: a Lambda proxy integration passes everything through.
  ...ignored("RestApiId", "OperationName", "MethodResponses", "RequestParameters"),
});

const gatewayResponse = z.strictObject({
  ResponseType: text,
  StatusCode: number.optional(),
  ResponseParameters: z
    .record(
      z.string().regex(/^gatewayresponse\.header\.[^.]+$/, "is not known to the local host"),
      z.string().regex(/^('.*'|context\..+|method\.request\.(header|querystring|path)\..+)$/s, {
        error: ({ input }) => `has the mapping ${String(input)}, which is not known to the local host`,
      }),
    )
    .default({}),
  // A gateway response substitutes variables; it would return a directive unchanged.
  ResponseTemplates: z
    .record(
      z.string(),
      text.refine((template) => !/#(set|if|foreach|end)\b|\$(input|util|stageVariables)\b/.test(template), {
        error: "holds VTL beyond plain $context substitution",
      }),
    )
    .default({}),
  ...ignored("RestApiId"),
});

/** Resource type → schema of its properties. */
export const servedTypes = {
  "AWS::ApiGateway::Authorizer": authorizer,
  "AWS::ApiGateway::GatewayResponse": gatewayResponse,
  "AWS::ApiGateway::Method": method,
  "AWS::ApiGateway::Resource": resource,
  "AWS::ApiGateway::RestApi": restApi,
  "AWS::ApiGateway::Stage": stage,
  "AWS::DynamoDB::Table": table,
  "AWS::Events::EventBus": eventBus,
  "AWS::Events::Rule": rule,
  "AWS::IAM::Policy": policy,
  "AWS::IAM::Role": role,
  "AWS::Lambda::EventSourceMapping": eventSourceMapping,
  "AWS::Lambda::Function": lambdaFunction,
  "AWS::Lambda::Permission": permission,
  "AWS::SecretsManager::RotationSchedule": rotationSchedule,
  "AWS::SecretsManager::Secret": secret,
  "AWS::SQS::Queue": queue,
  "AWS::SQS::QueuePolicy": queuePolicy,
} as const;
export type ServedType = keyof typeof servedTypes;
export type PropertiesOf<Type extends ServedType> = z.output<(typeof servedTypes)[Type]>;

/** Resource types that change nothing for a caller on one machine, each with the reason. */
export const typesWithoutLocalMeaning: Readonly<Record<string, string>> = {
  "AWS::ApiGateway::Account": "names the role with which API Gateway writes logs",
  "AWS::ApiGateway::Deployment": "a snapshot of the API; the local host always serves the newest template",
  "AWS::Budgets::Budget": "nothing costs anything locally",
  "AWS::CDK::Metadata": "CDK's usage statistics",
  "AWS::CloudWatch::Alarm": "there are no metrics to watch",
  "AWS::CloudWatch::CompositeAlarm": "there are no metrics to watch",
  "AWS::CloudWatch::Dashboard": "there are no metrics to show",
  "AWS::KMS::Alias": "a developer's machine does not encrypt at rest",
  "AWS::KMS::Key": "a developer's machine does not encrypt at rest",
  "AWS::Lambda::EventInvokeConfig": "how often Lambda repeats a failed run of a schedule; the local host repeats none",
  "AWS::Lambda::Version": "the code of one release; the local host runs one release at a time",
  "AWS::Logs::LogGroup": "functions log to a file",
  "AWS::Logs::MetricFilter": "there are no metrics",
  "AWS::Logs::QueryDefinition": "a saved search over logs",
  "AWS::Logs::ResourcePolicy": "decides who may write logs",
  "AWS::SNS::Subscription": "there are no alarms to send",
  "AWS::SNS::Topic": "there are no alarms to send",
  "AWS::SNS::TopicPolicy": "there are no alarms to send",
  "AWS::WAFv2::LoggingConfiguration": "there is no firewall",
  "AWS::WAFv2::WebACL": "there is no firewall",
  "AWS::WAFv2::WebACLAssociation": "there is no firewall",
  "AWS::XRay::SamplingRule": "there is no X-Ray",
};
