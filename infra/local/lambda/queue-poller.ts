/** Stands in for Lambda's poller of a queue: receives messages, invokes a function with them and deletes those that succeed. */
import { createHash } from "node:crypto";
import type { Queue, QueuedMessage } from "../services/queue.ts";
import type { LocalQueues } from "../services/queues.ts";
import type { QueueMappingModel } from "../template/deployment-model.ts";
import type { Invocation } from "./function-pool.ts";
import { Signal } from "./poller-signal.ts";
import { failedItems } from "./stream-batches.ts";

export interface QueuePollerOptions {
  readonly mapping: QueueMappingModel;
  readonly queues: LocalQueues;
  readonly region: string;
  /** How many invocations the host can run at once: a message that is received too early only loses its visibility. */
  readonly maxInvocations: number;
  readonly invoke: (functionId: string, event: unknown) => Promise<Invocation>;
  /** Why Lambda may not read the queue with the function's role; undefined when it may. */
  readonly denied: () => string | undefined;
}

/** Timers of Node wait no longer. */
const maxWaitMilliseconds = 2 ** 31 - 1;
const troubleMilliseconds = 1000;

export class QueuePoller {
  readonly #options: QueuePollerOptions;
  readonly #signal = new Signal();
  readonly #unsubscribe: () => void;
  readonly #running = new Set<Promise<void>>();
  #run: Promise<void> | undefined;
  #stopped = false;

  constructor(options: QueuePollerOptions) {
    this.#options = options;
    this.#unsubscribe = options.queues.onChange(() => this.#signal.wake());
  }

  start(): void {
    this.#run ??= this.#poll();
  }

  /** Receives nothing more, and waits for the running invocations. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.#signal.wake();
    await this.#run;
    await Promise.all(this.#running);
  }

  get #isFull(): boolean {
    const { mapping, maxInvocations } = this.#options;
    return this.#running.size >= Math.min(mapping.maxConcurrency, maxInvocations);
  }

  async #poll(): Promise<void> {
    const { mapping, queues, denied } = this.#options;
    while (!this.#stopped) {
      const queue = queues.queue(mapping.queueName);
      const isDue = !this.#isFull && (queue.nextVisibleAt() ?? Infinity) <= queues.now();
      const isDenied = isDue && denied() !== undefined;
      const messages = isDue && !isDenied ? queue.receive(mapping.batchSize) : [];
      if (messages.length > 0) this.#begin(messages);
      else await this.#signal.wait(isDenied ? troubleMilliseconds : this.#waitMilliseconds(queue));
    }
  }

  /** A full poller waits for the end of an invocation, an idle one for a message or for the next moment that shows one. */
  #waitMilliseconds(queue: Queue): number | undefined {
    const next = this.#isFull ? undefined : queue.nextVisibleAt();
    if (next === undefined) return undefined;
    return Math.min(Math.max(1, next - this.#options.queues.now()), maxWaitMilliseconds);
  }

  #begin(messages: readonly QueuedMessage[]): void {
    const running = this.#invoke(messages).finally(() => {
      this.#running.delete(running);
      this.#signal.wake();
    });
    this.#running.add(running);
  }

  async #invoke(messages: readonly QueuedMessage[]): Promise<void> {
    const { mapping, queues, invoke } = this.#options;
    const outcome = await invoke(mapping.functionId, { Records: messages.map((message) => this.#record(message)) });
    if ("failure" in outcome) return;
    const failed = mapping.reportsItemFailures ? failedItems(outcome.payload) : [];
    // Lambda takes an answer that names no message of the batch for a failure of all.
    if (failed === undefined || failed.some((id) => !messages.some((message) => message.id === id))) return;
    const queue = queues.queue(mapping.queueName);
    for (const { id, receipt } of messages) if (receipt !== undefined && !failed.includes(id)) queue.delete(receipt);
  }

  #record({ id, receipt, body, groupId, receives, sentAt, firstReceivedAt }: QueuedMessage) {
    const { mapping, region } = this.#options;
    const [, , , , account] = mapping.queueArn.split(":");
    return {
      messageId: id,
      receiptHandle: receipt,
      body,
      attributes: {
        ApproximateReceiveCount: String(receives),
        SentTimestamp: String(sentAt),
        SenderId: account,
        ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
        ...(groupId !== undefined && { MessageGroupId: groupId }),
      },
      messageAttributes: {},
      md5OfBody: createHash("md5").update(body).digest("hex"),
      eventSource: "aws:sqs",
      eventSourceARN: mapping.queueArn,
      awsRegion: region,
    };
  }
}
