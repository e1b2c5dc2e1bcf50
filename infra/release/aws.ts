/** The AWS account of a stage, through the SDK. Credentials and Region come from the same sources as the AWS CLI's. */
import {
  APIGatewayClient,
  DeleteDeploymentCommand,
  GetStageCommand,
  paginateGetDeployments,
  UpdateStageCommand,
  type PatchOperation,
} from "@aws-sdk/client-api-gateway";
import { CloudFormationClient, DescribeStacksCommand, GetTemplateCommand } from "@aws-sdk/client-cloudformation";
import { CloudWatchClient, paginateDescribeAlarms } from "@aws-sdk/client-cloudwatch";
import {
  DeleteFunctionCommand,
  LambdaClient,
  paginateListFunctions,
  paginateListVersionsByFunction,
} from "@aws-sdk/client-lambda";
import { GetHostedZoneCommand, Route53Client } from "@aws-sdk/client-route-53";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { releaseVariable, toStageVariable } from "../../shared/runtime/release.ts";
import { apiIdOutput, versionDescription } from "../constructs/names.ts";
import { describe } from "./releases.ts";
import { ReleaseError, type Account, type Cloud, type Deployment, type FunctionVersion } from "./cloud.ts";

const apiStackOf = (stage: string): string => `Portico-${stage}-Api`;
/** Prefix of the names of a stage's functions and alarms. */
const prefixOf = (stage: string): string => `Portico-${stage}-`;

export function openAccount(): Account {
  const sts = new STSClient();
  const cloudFormation = new CloudFormationClient();
  const route53 = new Route53Client();
  return {
    identity: async () => {
      const { Account: account = "" } = await sts.send(new GetCallerIdentityCommand());
      return { account, region: await cloudFormation.config.region() };
    },
    template: async (stack) => {
      const request = new GetTemplateCommand({ StackName: stack, TemplateStage: "Original" });
      const answer = await cloudFormation.send(request).catch(noStack);
      return answer === undefined ? undefined : parsedTemplate(stack, answer.TemplateBody);
    },
    hostedZoneName: async (id) => {
      const answer = await route53.send(new GetHostedZoneCommand({ Id: id })).catch((error: unknown) => {
        if (error instanceof Error && error.name === "NoSuchHostedZone") return undefined;
        throw error;
      });
      return answer?.HostedZone?.Name?.replace(/\.$/, "");
    },
  };
}

/** CloudFormation has no specific error for a missing stack. */
function noStack(error: unknown): undefined {
  if (error instanceof Error && error.name === "ValidationError" && error.message.includes("does not exist")) return;
  throw error;
}

function parsedTemplate(stack: string, body: string | undefined): unknown {
  try {
    return JSON.parse(body ?? "");
  } catch {
    throw new ReleaseError(`the deployed template of ${stack} is not JSON, so it is not one of Portico's`);
  }
}

/** @param stage name of the stage */
export async function openCloud(stage: string): Promise<Cloud> {
  const stack = await new CloudFormationClient()
    .send(new DescribeStacksCommand({ StackName: apiStackOf(stage) }))
    .catch(noStack);
  const outputs = stack?.Stacks?.[0]?.Outputs ?? [];
  const restApiId = outputs.find(({ OutputKey }) => OutputKey === apiIdOutput)?.OutputValue;
  const lambda = new LambdaClient();
  return {
    ...gatewayOf(restApiId, stage),
    versions: () => versionsOf(lambda, prefixOf(stage)),
    deleteVersion: async ({ functionName, version }) => {
      await lambda.send(new DeleteFunctionCommand({ FunctionName: functionName, Qualifier: version }));
    },
    ringingAlarms: () => ringingAlarms(prefixOf(stage)),
  };
}

type GatewayPart = Omit<Cloud, "versions" | "deleteVersion" | "ringingAlarms">;

function gatewayOf(restApiId: string | undefined, stageName: string): GatewayPart {
  const client = new APIGatewayClient();
  const own = { restApiId: restApiId ?? "", stageName };
  const patch = async (...patchOperations: PatchOperation[]): Promise<void> => {
    await client.send(new UpdateStageCommand({ ...own, patchOperations }));
  };
  const withoutCanary: PatchOperation = { op: "remove", path: "/canarySettings" };
  return {
    served: async () => {
      if (restApiId === undefined) return undefined;
      const { deploymentId = "", canarySettings } = await client.send(new GetStageCommand(own));
      const canary = canarySettings?.deploymentId;
      if (canary === undefined) return { live: deploymentId };
      return { live: deploymentId, canary: { deployment: canary, percent: canarySettings?.percentTraffic ?? 0 } };
    },
    deployments: async () => {
      const pages = await collect(paginateGetDeployments({ client }, own));
      return pages.flatMap(({ items = [] }) =>
        items.map(({ id = "", description = "", createdDate = new Date(0) }) => ({
          id,
          release: description,
          createdAt: createdDate,
        })),
      );
    },
    startCanary: (deployment, percent) =>
      patch(
        { op: "replace", path: "/canarySettings/deploymentId", value: deployment.id },
        { op: "replace", path: "/canarySettings/percentTraffic", value: String(percent) },
        named(`/canarySettings/stageVariableOverrides/${releaseVariable}`, deployment),
      ),
    endCanary: () => patch(withoutCanary),
    switchTo: async (deployment) => {
      const { canarySettings } = await client.send(new GetStageCommand(own));
      const hasCanary = canarySettings?.deploymentId !== undefined;
      // One request: the stage never serves a third mixture in between.
      await patch(
        { op: "replace", path: "/deploymentId", value: deployment.id },
        named(`/variables/${releaseVariable}`, deployment),
        ...(hasCanary ? [withoutCanary] : []),
      );
    },
    deleteDeployment: async (deploymentId) => {
      await client.send(new DeleteDeploymentCommand({ restApiId: own.restApiId, deploymentId }));
    },
  };
}

/** Sets the stage variable that tells requests their release. */
function named(path: string, deployment: Deployment): PatchOperation {
  return { op: "replace", path, value: toStageVariable(describe(deployment)) };
}

async function collect<Page>(pages: AsyncIterable<Page>): Promise<readonly Page[]> {
  const all: Page[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

async function versionsOf(client: LambdaClient, prefix: string): Promise<readonly FunctionVersion[]> {
  const names = (await collect(paginateListFunctions({ client }, {})))
    .flatMap(({ Functions = [] }) => Functions)
    .map(({ FunctionName = "" }) => FunctionName)
    .filter((name) => name.startsWith(prefix));
  const versions: FunctionVersion[] = [];
  for (const functionName of names) {
    for await (const { Versions = [] } of paginateListVersionsByFunction({ client }, { FunctionName: functionName })) {
      const published = Versions.filter(({ Version }) => Version !== "$LATEST");
      versions.push(
        ...published.map(({ Version = "", Description = "", LastModified = "" }) => ({
          functionName,
          version: Version,
          publishedAt: new Date(LastModified),
          isOurs: Description === versionDescription,
        })),
      );
    }
  }
  return versions;
}

async function ringingAlarms(prefix: string): Promise<readonly string[]> {
  const client = new CloudWatchClient();
  const pages = await collect(
    paginateDescribeAlarms(
      { client },
      { AlarmNamePrefix: prefix, StateValue: "ALARM", AlarmTypes: ["MetricAlarm", "CompositeAlarm"] },
    ),
  );
  return pages.flatMap(({ MetricAlarms = [], CompositeAlarms = [] }) =>
    [...MetricAlarms, ...CompositeAlarms].map(({ AlarmName = "" }) => AlarmName),
  );
}
