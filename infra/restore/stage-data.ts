/** The table and the key of a deployed stage. */
import { CloudFormationClient, DescribeStackResourcesCommand } from "@aws-sdk/client-cloudformation";
import { ReleaseError } from "../release/cloud.ts";
import type { Stage } from "../stages/stage.ts";

export interface StageData {
  /** The table that the stage uses by its settings. */
  readonly table: string;
  /** Id or ARN of the key. */
  readonly keyId: string;
}

/** @throws ReleaseError when the stage is not deployed */
export async function openStageData({ name, restoredTable }: Stage): Promise<StageData> {
  const stack = `Portico-${name}-Data`;
  const { StackResources: resources = [] } = await new CloudFormationClient()
    .send(new DescribeStackResourcesCommand({ StackName: stack }))
    .catch((error: unknown) => {
      if (error instanceof Error && error.name === "ValidationError") {
        throw new ReleaseError(`there is no stack ${stack} in this account and Region: deploy stage ${name} first`);
      }
      throw error;
    });
  const idOf = (type: string): string => {
    const id = resources.find(({ ResourceType }) => ResourceType === type)?.PhysicalResourceId;
    if (id === undefined) throw new ReleaseError(`the stack ${stack} has no ${type}`);
    return id;
  };
  return { table: restoredTable ?? idOf("AWS::DynamoDB::Table"), keyId: idOf("AWS::KMS::Key") };
}
