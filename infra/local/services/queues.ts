/** Stands in for SQS: the queues of the template, and the part of its protocol that functions speak. */
import { createHash } from "node:crypto";
import * as z from "zod";
import type { QueueModel } from "../template/deployment-model.ts";
import { Queue, type QueueCounts, type QueuedMessage } from "./queue.ts";
import { QueueFile } from "./queue-file.ts";

export interface QueueAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

class QueueError extends Error {
  override readonly name = "QueueError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** SQS's limit for a message and for all messages of a batch. */
const maxBytes = 1_048_576;
const maxDelaySeconds = 900;
const maxVisibilitySeconds = 43_200;

const seconds = (maximum: number) => z.int().min(0).max(maximum);
const entry = {
  MessageBody: z.string().min(1),
  DelaySeconds: seconds(maxDelaySeconds).optional(),
  MessageGroupId: z
    .string()
    .regex(/^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/)
    .optional(),
};
const target = { QueueUrl: z.string() };
const sendSchema = z.strictObject({ ...target, ...entry });
const sendBatchSchema = z.strictObject({
  ...target,
  Entries: z.array(z.strictObject({ Id: z.string().regex(/^[\w-]{1,80}$/), ...entry })),
});
const visibilitySchema = z.strictObject({
  ...target,
  ReceiptHandle: z.string(),
  VisibilityTimeout: seconds(maxVisibilitySeconds),
});

/** The name of the queue that a URL ends with. */
export function queueNameIn(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

export class LocalQueues {
  readonly #file: QueueFile | undefined;
  readonly #clock: () => number;
  readonly #queues = new Map<string, Queue>();
  readonly #listeners = new Set<() => void>();
  /** How far the queues' clock is ahead. */
  #ahead = 0;

  /**
   * @param file keeps the messages; in memory when absent
   * @param clock milliseconds since the epoch
   * @throws LocalHostError when something else wrote the file
   */
  constructor(file?: string, clock: () => number = Date.now) {
    this.#file = file === undefined ? undefined : new QueueFile(file);
    this.#clock = clock;
  }

  /** The time by which delays, visibility and retention count. */
  readonly now = (): number => this.#clock() + this.#ahead;

  /** Lets time pass for the queues only, for tests. */
  advance(milliseconds: number): void {
    this.#ahead += milliseconds;
    this.#changed();
  }

  /** Makes the queues of a template. A queue that was there keeps its messages. */
  ensure(models: readonly QueueModel[]): void {
    const kept = new Map([...this.#queues].map(([name, queue]) => [name, queue.messages()]));
    this.#queues.clear();
    const nothing = { put: () => undefined, remove: () => undefined };
    for (const model of models) {
      const { name, arn, redrive } = model;
      const queue = new Queue(model, {
        store: this.#file ?? nothing,
        now: this.now,
        failed: redrive && (() => this.#named(redrive.queueName)),
        kept: kept.get(name) ?? this.#file?.messagesOf(arn) ?? [],
      });
      this.#queues.set(name, queue);
    }
    this.#changed();
  }

  /** @throws Error when the template has no such queue */
  queue(name: string): Queue {
    return this.#named(name);
  }

  /** Every queue of the template with its counts. */
  counts(): Readonly<Record<string, QueueCounts>> {
    return Object.fromEntries([...this.#queues].map(([name, queue]) => [name, queue.counts()]));
  }

  /** The messages of a queue, oldest first. */
  messages(name: string): readonly QueuedMessage[] {
    return this.#named(name).messages();
  }

  /** Calls back whenever there may be something to receive. @returns stops it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sends a message as Lambda does for a failed batch. */
  send(name: string, body: string): void {
    this.#named(name).send({ body });
    this.#changed();
  }

  close(): void {
    this.#file?.close();
  }

  /** Answers one call as SQS does, errors included. */
  answer(action: string, request: Readonly<Record<string, unknown>>): QueueAnswer {
    try {
      const body = this.#act(action, request);
      this.#changed();
      return { status: 200, body };
    } catch (error) {
      if (!(error instanceof QueueError)) throw error;
      const { code, message } = error;
      return { status: 400, body: { __type: `com.amazonaws.sqs#${code}`, message } };
    }
  }

  #act(action: string, request: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    switch (action) {
      case "SendMessage":
        return this.#send(parsed(sendSchema, request));
      case "SendMessageBatch":
        return this.#sendBatch(parsed(sendBatchSchema, request));
      case "ChangeMessageVisibility":
        return this.#changeVisibility(parsed(visibilitySchema, request));
      default:
        throw new QueueError("UnsupportedOperation", `the local SQS does not know ${action}`);
    }
  }

  #send(request: z.output<typeof sendSchema>): Readonly<Record<string, unknown>> {
    const { QueueUrl, ...message } = request;
    const queue = this.#of(QueueUrl);
    checkSize([message]);
    return sent(queue, message);
  }

  #sendBatch({ QueueUrl, Entries }: z.output<typeof sendBatchSchema>): Readonly<Record<string, unknown>> {
    const queue = this.#of(QueueUrl);
    if (Entries.length === 0)
      throw new QueueError("EmptyBatchRequest", "The batch request doesn't contain any entries.");
    if (Entries.length > 10) {
      throw new QueueError("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.");
    }
    if (new Set(Entries.map(({ Id }) => Id)).size < Entries.length) {
      throw new QueueError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.");
    }
    checkSize(Entries);
    return { Successful: Entries.map(({ Id, ...message }) => ({ Id, ...sent(queue, message) })), Failed: [] };
  }

  #changeVisibility(request: z.output<typeof visibilitySchema>): Readonly<Record<string, unknown>> {
    const { QueueUrl, ReceiptHandle, VisibilityTimeout } = request;
    if (!this.#of(QueueUrl).changeVisibility(ReceiptHandle, VisibilityTimeout)) {
      throw new QueueError("MessageNotInflight", "The specified message isn't in flight.");
    }
    return {};
  }

  #of(url: string): Queue {
    const queue = this.#queues.get(queueNameIn(url));
    if (queue === undefined) throw new QueueError("QueueDoesNotExist", "The specified queue does not exist.");
    return queue;
  }

  #named(name: string): Queue {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new Error(`the template has no queue ${name}`);
    return queue;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

interface Sent {
  readonly MessageBody: string;
  readonly DelaySeconds?: number | undefined;
  readonly MessageGroupId?: string | undefined;
}

function sent(queue: Queue, { MessageBody, DelaySeconds, MessageGroupId }: Sent): Readonly<Record<string, unknown>> {
  const MessageId = queue.send({ body: MessageBody, groupId: MessageGroupId, delaySeconds: DelaySeconds });
  return { MessageId, MD5OfMessageBody: md5(MessageBody) };
}

function checkSize(messages: readonly Sent[]): void {
  const bytes = messages.reduce((sum, { MessageBody }) => sum + Buffer.byteLength(MessageBody), 0);
  if (bytes <= maxBytes) return;
  const code = messages.length === 1 ? "InvalidParameterValue" : "BatchRequestTooLong";
  throw new QueueError(
    code,
    `One or more parameters are invalid. Reason: Message must be shorter than ${maxBytes} bytes.`,
  );
}

function parsed<Schema extends z.ZodType>(schema: Schema, request: unknown): z.output<Schema> {
  const outcome = schema.safeParse(request);
  if (outcome.success) return outcome.data;
  const [issue] = outcome.error.issues;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys : [];
  const path = [...(issue?.path ?? []), ...unknown].map(String).join(".");
  throw new QueueError("InvalidParameterValue", `Value for parameter ${path} is invalid: ${issue?.message ?? ""}`);
}
