/** Lambda runs this with the deliveries that are due. */
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";

export async function handler(_event: SQSEvent): Promise<SQSBatchResponse> {
  return { batchItemFailures: [] };
}
