/**
 * What Lambda does for an event source mapping with the role of its function: it reads the stream or queue, and tells a queue of a
 * batch that failed for good. Lambda refuses a mapping whose role does not allow this, and so does the start.
 */
import { LocalHostError } from "../support/errors.ts";
import type { FunctionModel, QueueMappingModel, RoleModel, StreamMappingModel } from "../template/deployment-model.ts";
import type { EventSources } from "../template/read-event-sources.ts";
import { requestOf, type AuthorizationRequest } from "./authorization-requests.ts";
import { RolePolicy } from "./role-policy.ts";

/** Also the right to tell of a failed batch: it is judged before there is one. */
export function streamRequests({ streamArn, failedQueue }: StreamMappingModel): readonly AuthorizationRequest[] {
  return [
    ...(failedQueue === undefined ? [] : [requestOf("sqs:SendMessage", failedQueue.arn)]),
    ...["DescribeStream", "GetRecords", "GetShardIterator"].map((action) => requestOf(`dynamodb:${action}`, streamArn)),
    requestOf("dynamodb:ListStreams", "*"),
  ];
}

export function queueRequests({ queueArn }: QueueMappingModel): readonly AuthorizationRequest[] {
  return ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"].map((action) =>
    requestOf(`sqs:${action}`, queueArn),
  );
}

/** @throws LocalHostError naming the first function whose role lacks a right of its event source mapping */
export function checkPollRights(
  { streamMappings, queueMappings }: EventSources,
  roles: ReadonlyMap<string, RoleModel>,
  functions: readonly FunctionModel[],
): void {
  const needed = [
    ...streamMappings.map((mapping) => ({ functionId: mapping.functionId, requests: streamRequests(mapping) })),
    ...queueMappings.map((mapping) => ({ functionId: mapping.functionId, requests: queueRequests(mapping) })),
  ];
  for (const { functionId, requests } of needed) {
    const roleArn = functions.find(({ id }) => id === functionId)?.roleArn ?? "";
    const role = roles.get(roleArn);
    // The start refuses a function without a role later, in words that fit better.
    if (role === undefined) continue;
    const policy = new RolePolicy(role);
    const denied = requests.find((request) => policy.decide(request) !== "allowed");
    if (denied === undefined) continue;
    throw new LocalHostError(
      `Lambda may not read the event source of ${functionId}: ${roleArn} does not allow ${denied.action} on ${denied.resource}`,
    );
  }
}
