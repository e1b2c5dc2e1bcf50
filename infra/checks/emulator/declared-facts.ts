/** What the templates declare, in the words of CloudFormation. */
import type { EmulatedResource } from "./allowances.ts";
import type { Facts } from "./differences.ts";
import type { DeployedStack, StackValues } from "./stack-values.ts";

type Properties = Readonly<Record<string, unknown>>;

interface Declaration {
  /** Properties that are compared. */
  readonly compared: readonly string[];
  /** Name of the fact. */
  readonly name: (properties: Properties, physicalId: string) => string;
}

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
const lastPart = (value: unknown): string => text(value).split(/[:/]/).at(-1) ?? "";

/** Types that are compared. The smoke test shows what the others do. */
export const declarations: Readonly<Record<string, Declaration>> = {
  "AWS::Lambda::Function": {
    compared: [
      ...["Runtime", "Handler", "MemorySize", "Timeout", "Architectures", "Environment", "Role"],
      ...["LoggingConfig", "TracingConfig"],
    ],
    name: (_, id) => `function ${id}`,
  },
  "AWS::Lambda::Version": { compared: ["Description"], name: (_, id) => `version ${id}` },
  "AWS::Lambda::EventSourceMapping": {
    compared: [
      ...["BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "FilterCriteria", "FunctionResponseTypes"],
      ...["MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "StartingPosition", "ScalingConfig", "EventSourceArn"],
    ],
    name: ({ FunctionName }) => `event source mapping of ${lastPart(FunctionName)}`,
  },
  "AWS::ApiGateway::Method": {
    compared: ["AuthorizationType", "AuthorizerId", "OperationName", "Integration"],
    name: ({ HttpMethod, ResourceId }) => `method ${text(HttpMethod)} ${text(ResourceId)}`,
  },
  "AWS::ApiGateway::Authorizer": {
    compared: ["Type", "AuthorizerUri", "AuthorizerCredentials", "IdentitySource", "AuthorizerResultTtlInSeconds"],
    name: ({ Name }) => `authorizer ${text(Name)}`,
  },
  "AWS::ApiGateway::GatewayResponse": {
    compared: ["StatusCode", "ResponseParameters", "ResponseTemplates"],
    name: ({ ResponseType }) => `gateway response ${text(ResponseType)}`,
  },
  "AWS::ApiGateway::Stage": {
    compared: ["DeploymentId", "Variables", "TracingEnabled", "AccessLogSetting"],
    name: ({ StageName }) => `stage ${text(StageName)}`,
  },
  "AWS::IAM::Role": {
    compared: ["AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns"],
    name: (_, id) => `role ${id}`,
  },
  "AWS::CloudWatch::Alarm": {
    compared: [
      ...["MetricName", "Namespace", "Dimensions", "Statistic", "ExtendedStatistic", "Threshold", "Period"],
      ...["ComparisonOperator", "EvaluationPeriods", "DatapointsToAlarm", "TreatMissingData", "AlarmActions"],
      ...["Metrics", "OKActions"],
    ],
    name: ({ AlarmName }) => `alarm ${text(AlarmName)}`,
  },
  "AWS::CloudWatch::CompositeAlarm": {
    compared: [
      ...["AlarmRule", "AlarmActions", "OKActions", "ActionsSuppressor"],
      ...["ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"],
    ],
    name: ({ AlarmName }) => `alarm ${text(AlarmName)}`,
  },
  "AWS::SecretsManager::RotationSchedule": {
    compared: ["RotationRules", "RotationLambdaARN"],
    name: ({ SecretId }) => `rotation of ${text(SecretId)}`,
  },
  "AWS::Events::Rule": {
    compared: ["ScheduleExpression", "EventPattern", "State", "Targets"],
    name: ({ Name }, id) => `rule ${text(Name ?? lastPart(id))}`,
  },
  "AWS::SQS::Queue": {
    compared: ["MessageRetentionPeriod", "VisibilityTimeout", "RedrivePolicy", "SqsManagedSseEnabled"],
    name: (_, id) => `queue ${lastPart(id)}`,
  },
  "AWS::DynamoDB::Table": {
    compared: [
      ...["KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "TimeToLiveSpecification", "BillingMode"],
      ...["StreamSpecification", "PointInTimeRecoverySpecification", "SSESpecification", "DeletionProtectionEnabled"],
    ],
    name: (_, id) => `table ${id}`,
  },
};

/** @param stacks all of them, with the nested ones */
export function declaredFacts(stacks: readonly DeployedStack[], values: StackValues): Facts {
  return Object.fromEntries(
    stacks.flatMap((stack) =>
      Object.entries(stack.template.Resources).flatMap(([id, resource]) => {
        const declaration = declarations[resource.Type];
        return declaration === undefined ? [] : [factOf({ declaration, resource, id, stack, values })];
      }),
    ),
  );
}

interface Declared {
  readonly declaration: Declaration;
  readonly resource: EmulatedResource;
  readonly id: string;
  readonly stack: DeployedStack;
  readonly values: StackValues;
}

function factOf({ declaration, resource, id, stack, values }: Declared): readonly [string, Properties] {
  const properties = values.resolve(resource.Properties ?? {}, stack) as Properties;
  const physicalId = stack.physicalIds[id] ?? "";
  const compared = declaration.compared.map((property) => [property, properties[property]] as const);
  return [declaration.name(properties, physicalId), Object.fromEntries(compared)];
}
