/**
 * The write stop of a stage on AWS: a variable of API Gateway's stage, the rules that run scheduled functions, and the event source
 * mappings that bring records and messages to functions.
 */
import { APIGatewayClient, GetStageCommand, UpdateStageCommand } from "@aws-sdk/client-api-gateway";
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { LambdaClient, ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { writesTaken, writeStopped, writeStopVariable } from "../../shared/runtime/write-stop.ts";
import { deliveryFunctions, scheduledFunctionsOf } from "../constructs/function-declarations.ts";
import { apiIdOutput, functionNameOf } from "../constructs/names.ts";
import { ReleaseError } from "../release/cloud.ts";
import type { Stage } from "../stages/stage.ts";

/** The write stop of one stage. */
export interface WriteStop {
  isOn(): Promise<boolean>;
  set(on: boolean): Promise<void>;
}

/** @throws ReleaseError when the stage is not deployed */
export async function openWriteStop(stage: Stage): Promise<WriteStop> {
  const stack = `Portico-${stage.name}-Api`;
  const answer = await new CloudFormationClient()
    .send(new DescribeStacksCommand({ StackName: stack }))
    .catch((error: unknown) => {
      if (error instanceof Error && error.name === "ValidationError") return undefined;
      throw error;
    });
  const outputs = answer?.Stacks?.[0]?.Outputs ?? [];
  const restApiId = outputs.find(({ OutputKey }) => OutputKey === apiIdOutput)?.OutputValue;
  if (restApiId === undefined) throw new ReleaseError(`stage ${stage.name} is not deployed`);
  const gateway = new APIGatewayClient();
  const own = { restApiId, stageName: stage.name };
  return {
    isOn: async () => {
      const { variables } = await gateway.send(new GetStageCommand(own));
      return variables?.[writeStopVariable] === writeStopped;
    },
    set: async (on) => {
      const value = on ? writeStopped : writesTaken;
      const patchOperations = [{ op: "replace" as const, path: `/variables/${writeStopVariable}`, value }];
      // These functions get no event of API Gateway, so what invokes them stops first and starts last.
      if (on) await switchInvokers(stage, false);
      await gateway.send(new UpdateStageCommand({ ...own, patchOperations }));
      if (!on) await switchInvokers(stage, true);
    },
  };
}

async function switchInvokers(stage: Stage, enabled: boolean): Promise<void> {
  await switchRules(stage, enabled);
  await switchMappings(stage, enabled);
}

/** Records and messages wait meanwhile: a stream keeps a record for a day, the queue of deliveries a message for four. */
async function switchMappings(stage: Stage, Enabled: boolean): Promise<void> {
  const client = new LambdaClient();
  for (const { id } of deliveryFunctions) {
    const FunctionName = functionNameOf(stage, id);
    const { EventSourceMappings = [] } = await client.send(new ListEventSourceMappingsCommand({ FunctionName }));
    for (const { UUID } of EventSourceMappings) {
      await client.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
    }
  }
}

async function switchRules(stage: Stage, enabled: boolean): Promise<void> {
  const client = new EventBridgeClient();
  for (const { id } of scheduledFunctionsOf(stage)) {
    const rule = { Name: functionNameOf(stage, id) };
    await client.send(enabled ? new EnableRuleCommand(rule) : new DisableRuleCommand(rule));
  }
}

/**
 * Runs a deployment of a stage and keeps its write stop: CloudFormation may remove a stage variable that no template names.
 *
 * @param open undefined for a stage that is not deployed yet
 */
export async function keepReadOnly(open: WriteStop | undefined, deployment: () => Promise<void>): Promise<void> {
  const wasOn = open !== undefined && (await open.isOn());
  await deployment();
  // Also what the deployment has made: a new rule or mapping is enabled.
  if (wasOn) await open.set(true);
}
