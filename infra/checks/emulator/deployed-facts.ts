/** What came about in the emulated account, asked of the services themselves, in the words of CloudFormation. */
import {
  APIGatewayClient,
  GetAuthorizersCommand,
  GetGatewayResponsesCommand,
  GetRestApisCommand,
  GetStageCommand,
  paginateGetResources,
  type Method,
} from "@aws-sdk/client-api-gateway";
import { CloudWatchClient, paginateDescribeAlarms, type AlarmType } from "@aws-sdk/client-cloudwatch";
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTablesCommand,
} from "@aws-sdk/client-dynamodb";
import {
  EventBridgeClient,
  ListEventBusesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
} from "@aws-sdk/client-eventbridge";
import {
  LambdaClient,
  paginateListEventSourceMappings,
  paginateListFunctions,
  paginateListVersionsByFunction,
} from "@aws-sdk/client-lambda";
import { paginateListSecrets, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { apiId } from "./allowances.ts";
import type { Facts } from "./differences.ts";
import type { ClientSettings } from "./emulator.ts";
import { rolesOf } from "./roles.ts";

type Entry = readonly [string, Readonly<Record<string, unknown>>];

/** @param stage the name of the API's stage, where there is an API */
export async function deployedFacts(settings: ClientSettings, stage?: string): Promise<Facts> {
  const parts = await Promise.all([
    functions(new LambdaClient(settings)),
    eventSourceMappings(new LambdaClient(settings)),
    ...(stage === undefined
      ? []
      : [methods(new APIGatewayClient(settings)), gateway(new APIGatewayClient(settings), stage)]),
    alarms(new CloudWatchClient(settings)),
    rules(new EventBridgeClient(settings)),
    queues(new SQSClient(settings)),
    tables(new DynamoDBClient(settings)),
    rotations(new SecretsManagerClient(settings)),
    rolesOf(settings.endpoint),
  ]);
  return Object.fromEntries(parts.flat());
}

/** @returns the names of all resources of the kinds that are compared, the API's parts apart */
export async function resourcesOf(settings: ClientSettings): Promise<readonly string[]> {
  const parts = await Promise.all([
    functions(new LambdaClient(settings)),
    eventSourceMappings(new LambdaClient(settings)),
    alarms(new CloudWatchClient(settings)),
    rules(new EventBridgeClient(settings)),
    queues(new SQSClient(settings)),
    tables(new DynamoDBClient(settings)),
    rolesOf(settings.endpoint),
  ]);
  const { items: apis = [] } = await new APIGatewayClient(settings).send(new GetRestApisCommand({}));
  return [...parts.flat().map(([name]) => name), ...apis.map(({ name = "" }) => `API ${name}`)];
}

async function functions(client: LambdaClient): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client }, {})) {
    for (const { FunctionName: name = "", ...settings } of Functions) {
      const { Runtime, Handler, MemorySize, Timeout, Architectures, Role, LoggingConfig, TracingConfig } = settings;
      // The last three tell whether a deployment touched the function.
      const { CodeSha256, RevisionId, LastModified } = settings;
      entries.push([
        `function ${name}`,
        {
          ...{ Runtime, Handler, MemorySize, Timeout, Architectures, Role, LoggingConfig, TracingConfig },
          ...{ CodeSha256, RevisionId, LastModified },
          Environment: { Variables: settings.Environment?.Variables },
        },
      ]);
      for await (const { Versions = [] } of paginateListVersionsByFunction({ client }, { FunctionName: name })) {
        for (const { Version, FunctionArn = "", Description, CodeSha256 } of Versions) {
          if (Version !== "$LATEST") entries.push([`version ${FunctionArn}`, { Description, CodeSha256 }]);
        }
      }
    }
  }
  return entries;
}

async function eventSourceMappings(client: LambdaClient): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings({ client }, {})) {
    for (const { FunctionArn = "", UUID, BatchSize, EventSourceArn, ...rest } of EventSourceMappings) {
      const { LastModified: _, LastProcessingResult: __, ...properties } = rest;
      entries.push([
        `event source mapping of ${FunctionArn.split(":").at(-1) ?? ""}`,
        { UUID, BatchSize, EventSourceArn, ...properties },
      ]);
    }
  }
  return entries;
}

async function methods(client: APIGatewayClient): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  const request = { restApiId: apiId, embed: ["methods"], limit: 500 };
  for await (const { items = [] } of paginateGetResources({ client }, request)) {
    for (const { path = "", resourceMethods = {} } of items) {
      for (const [name, method] of Object.entries(resourceMethods)) {
        entries.push([`method ${name} ${path}`, methodProperties(method)]);
      }
    }
  }
  return entries;
}

function methodProperties({ authorizationType, authorizerId, operationName, methodIntegration }: Method): Entry[1] {
  const { credentials, httpMethod, type, uri } = methodIntegration ?? {};
  return {
    AuthorizationType: authorizationType,
    AuthorizerId: authorizerId,
    OperationName: operationName,
    Integration: { Credentials: credentials, IntegrationHttpMethod: httpMethod, Type: type, Uri: uri },
  };
}

async function gateway(client: APIGatewayClient, stageName: string): Promise<readonly Entry[]> {
  const request = { restApiId: apiId };
  const { items: authorizers = [] } = await client.send(new GetAuthorizersCommand(request));
  const { items: responses = [] } = await client.send(new GetGatewayResponsesCommand({ ...request, limit: 500 }));
  const stage = await client.send(new GetStageCommand({ ...request, stageName }));
  return [
    ...authorizers.map(({ name = "", ...authorizer }): Entry => [
      `authorizer ${name}`,
      {
        Type: authorizer.type,
        AuthorizerUri: authorizer.authorizerUri,
        AuthorizerCredentials: authorizer.authorizerCredentials,
        IdentitySource: authorizer.identitySource,
        AuthorizerResultTtlInSeconds: authorizer.authorizerResultTtlInSeconds,
      },
    ]),
    ...responses
      .filter(({ defaultResponse }) => defaultResponse !== true)
      .map(({ responseType = "", statusCode, responseParameters, responseTemplates }): Entry => [
        `gateway response ${responseType}`,
        { StatusCode: statusCode, ResponseParameters: responseParameters, ResponseTemplates: responseTemplates },
      ]),
    [
      `stage ${stageName}`,
      {
        DeploymentId: stage.deploymentId,
        Variables: stage.variables,
        TracingEnabled: stage.tracingEnabled,
        AccessLogSetting: {
          DestinationArn: stage.accessLogSettings?.destinationArn,
          Format: stage.accessLogSettings?.format,
        },
      },
    ],
  ];
}

async function alarms(client: CloudWatchClient): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  const request = { AlarmTypes: ["MetricAlarm", "CompositeAlarm"] satisfies AlarmType[] };
  for await (const { MetricAlarms = [], CompositeAlarms = [] } of paginateDescribeAlarms({ client }, request)) {
    for (const { AlarmName = "", AlarmRule, AlarmActions, OKActions, ...suppression } of CompositeAlarms) {
      const { ActionsSuppressor, ActionsSuppressorWaitPeriod, ActionsSuppressorExtensionPeriod } = suppression;
      entries.push([
        `alarm ${AlarmName}`,
        {
          ...{ AlarmRule, AlarmActions, OKActions },
          ...{ ActionsSuppressor, ActionsSuppressorWaitPeriod, ActionsSuppressorExtensionPeriod },
        },
      ]);
    }
    for (const { AlarmName = "", ...alarm } of MetricAlarms) {
      const { MetricName, Namespace, Dimensions, Statistic, ExtendedStatistic, Threshold, Period } = alarm;
      const { ComparisonOperator, EvaluationPeriods, DatapointsToAlarm, TreatMissingData, AlarmActions } = alarm;
      const { Metrics, OKActions } = alarm;
      entries.push([
        `alarm ${AlarmName}`,
        {
          ...{ MetricName, Namespace, Dimensions, Statistic, ExtendedStatistic, Threshold, Period },
          ...{ ComparisonOperator, EvaluationPeriods, DatapointsToAlarm, TreatMissingData, AlarmActions },
          ...{ Metrics, OKActions },
        },
      ]);
    }
  }
  return entries;
}

async function rules(client: EventBridgeClient): Promise<readonly Entry[]> {
  const { EventBuses = [] } = await client.send(new ListEventBusesCommand({}));
  const entries: Entry[] = [];
  for (const { Name: EventBusName } of EventBuses) {
    const { Rules = [] } = await client.send(new ListRulesCommand({ EventBusName }));
    for (const { Name, ScheduleExpression, EventPattern, State } of Rules) {
      const { Targets } = await client.send(new ListTargetsByRuleCommand({ Rule: Name, EventBusName }));
      const pattern: unknown = EventPattern === undefined ? undefined : JSON.parse(EventPattern);
      entries.push([`rule ${Name ?? ""}`, { ScheduleExpression, EventPattern: pattern, State, Targets }]);
    }
  }
  return entries;
}

async function queues(client: SQSClient): Promise<readonly Entry[]> {
  const { QueueUrls = [] } = await client.send(new ListQueuesCommand({}));
  return await Promise.all(
    QueueUrls.map(async (QueueUrl): Promise<Entry> => {
      const request = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] });
      const { Attributes: { RedrivePolicy, ...attributes } = {} } = await client.send(request);
      const { MessageRetentionPeriod, VisibilityTimeout, SqsManagedSseEnabled } = attributes;
      const redrive: unknown = RedrivePolicy === undefined ? undefined : JSON.parse(RedrivePolicy);
      return [
        `queue ${QueueUrl.split("/").at(-1) ?? ""}`,
        { MessageRetentionPeriod, VisibilityTimeout, SqsManagedSseEnabled, RedrivePolicy: redrive },
      ];
    }),
  );
}

async function rotations(client: SecretsManagerClient): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const { SecretList = [] } of paginateListSecrets({ client }, {})) {
    for (const { ARN = "", RotationEnabled, RotationRules, RotationLambdaARN } of SecretList) {
      if (RotationEnabled === true) entries.push([`rotation of ${ARN}`, { RotationRules, RotationLambdaARN }]);
    }
  }
  return entries;
}

async function tables(client: DynamoDBClient): Promise<readonly Entry[]> {
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  return await Promise.all(
    TableNames.map(async (TableName): Promise<Entry> => {
      const { Table: table = {} } = await client.send(new DescribeTableCommand({ TableName }));
      const { TimeToLiveDescription: ttl } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
      const backups = await client.send(new DescribeContinuousBackupsCommand({ TableName }));
      const { PointInTimeRecoveryDescription: recovery } = backups.ContinuousBackupsDescription ?? {};
      return [
        `table ${TableName}`,
        {
          KeySchema: table.KeySchema,
          AttributeDefinitions: table.AttributeDefinitions,
          GlobalSecondaryIndexes: table.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => ({
            ...{ IndexName, KeySchema, Projection },
          })),
          BillingMode: table.BillingModeSummary?.BillingMode,
          StreamSpecification: { StreamViewType: table.StreamSpecification?.StreamViewType },
          StreamArn: table.LatestStreamArn,
          SSESpecification: {
            KMSMasterKeyId: table.SSEDescription?.KMSMasterKeyArn,
            SSEEnabled: table.SSEDescription?.Status === "ENABLED",
            SSEType: table.SSEDescription?.SSEType,
          },
          DeletionProtectionEnabled: table.DeletionProtectionEnabled,
          TimeToLiveSpecification: { AttributeName: ttl?.AttributeName, Enabled: ttl?.TimeToLiveStatus === "ENABLED" },
          PointInTimeRecoverySpecification: {
            PointInTimeRecoveryEnabled: recovery?.PointInTimeRecoveryStatus === "ENABLED",
          },
        },
      ];
    }),
  );
}
