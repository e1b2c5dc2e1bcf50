/** Lambda runs this with the new events of the table. */
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";

export async function handler(_event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  return { batchItemFailures: [] };
}
