/** SQS: sends messages that other functions receive. */
import type { SendMessageBatchResult } from "@aws-sdk/client-sqs";
import { AwsJson, sqs } from "./aws-json.ts";
import { sendInBatches } from "./batches.ts";
import type { Deadline } from "./retry.ts";

export interface QueueMessage {
  readonly body: string;
  /** Messages of a group with a long backlog do not hold up those of other groups (fair queues). */
  readonly group: string;
  /** Before anyone receives it, 0 to 900. Default 0. */
  readonly delaySeconds?: number;
}

/** SQS's own maximum. */
export const maxDelaySeconds = 900;

/** One client for the life of the process. */
export function createQueueClient(): AwsJson {
  return new AwsJson(sqs);
}

/** A queue within one invocation. */
export class Queue {
  readonly #client: AwsJson;
  readonly #url: string;
  readonly #deadline: Deadline;

  /** @param deadline no attempt begins after it, none lasts longer */
  constructor(client: AwsJson, url: string, deadline: Deadline) {
    this.#client = client;
    this.#url = url;
    this.#deadline = deadline;
  }

  /**
   * Sends the messages. A lost answer sends some of them twice, so their receivers have to cope with that.
   *
   * @throws Problem `unavailable`; some may have been sent by then
   */
  async send(messages: readonly QueueMessage[]): Promise<void> {
    await sendInBatches(messages, this.#deadline, async (batch, abortSignal) => {
      const input = {
        QueueUrl: this.#url,
        Entries: batch.map(({ body, group, delaySeconds }, index) => ({
          Id: String(index),
          MessageBody: body,
          MessageGroupId: group,
          ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
        })),
      };
      const answer = await this.#client.call<SendMessageBatchResult>("SendMessageBatch", input, abortSignal);
      return (answer.Failed ?? []).flatMap(({ Id }) => batch[Number(Id)] ?? []);
    });
  }
}
