/**
 * Keeps the messages of all queues in one file: a line for each change, so that a busy queue does not rewrite the others. The file
 * survives the death of the host; opening it removes what no longer counts.
 */
import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import * as z from "zod";
import { LocalHostError, messageOf } from "../support/errors.ts";
import { shown } from "../support/json-file.ts";
import type { QueuedMessage, QueueStore } from "./queue.ts";

const messageSchema = z.object({
  id: z.string(),
  body: z.string(),
  groupId: z.string().optional(),
  sentAt: z.number(),
  visibleAt: z.number(),
  receives: z.number(),
  firstReceivedAt: z.number().optional(),
  receipt: z.string().optional(),
});
const lineSchema = z.object({ queue: z.string(), put: messageSchema.optional(), remove: z.string().optional() });

/** Queue ARN → message id → message. */
type Kept = Map<string, Map<string, QueuedMessage>>;

/** The file is written anew when it has this many lines more than messages. */
const maxDeadLines = 10_000;

export class QueueFile implements QueueStore {
  readonly #path: string;
  readonly #kept: Kept;
  #file: number;
  #lines: number;

  /** @throws LocalHostError when something else wrote the file */
  constructor(path: string) {
    this.#path = path;
    this.#kept = existsSync(path) ? read(path) : new Map<string, Map<string, QueuedMessage>>();
    this.#file = this.#rewrite();
    this.#lines = 0;
  }

  messagesOf(queueArn: string): readonly QueuedMessage[] {
    return [...(this.#kept.get(queueArn)?.values() ?? [])];
  }

  put(queueArn: string, message: QueuedMessage): void {
    apply(this.#kept, { queue: queueArn, put: message });
    this.#append({ queue: queueArn, put: message });
  }

  remove(queueArn: string, messageId: string): void {
    apply(this.#kept, { queue: queueArn, remove: messageId });
    this.#append({ queue: queueArn, remove: messageId });
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(line: z.output<typeof lineSchema>): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    if (++this.#lines < maxDeadLines) return;
    closeSync(this.#file);
    this.#file = this.#rewrite();
    this.#lines = 0;
  }

  /** Writes the living messages only, and opens the file for more. */
  #rewrite(): number {
    const lines = [...this.#kept].flatMap(([queue, messages]) =>
      [...messages.values()].map((put) => `${JSON.stringify({ queue, put })}\n`),
    );
    const temporary = `${this.#path}.${process.pid}.tmp`;
    writeFileSync(temporary, lines.join(""), { mode: 0o600 });
    renameSync(temporary, this.#path);
    return openSync(this.#path, "a", 0o600);
  }
}

function read(path: string): Kept {
  const kept: Kept = new Map<string, Map<string, QueuedMessage>>();
  const lines = readFileSync(path, "utf8").split("\n");
  // A host that was killed may have begun the last line.
  lines.pop();
  try {
    for (const line of lines) apply(kept, lineSchema.parse(JSON.parse(line)));
  } catch (error) {
    const reason = messageOf(error).replace(/\s*\n\s*/g, " ");
    throw new LocalHostError(`cannot read ${shown(path)}: ${reason}; delete it to start with empty queues`);
  }
  return kept;
}

function apply(kept: Kept, { queue, put, remove }: z.output<typeof lineSchema>): void {
  const messages = kept.get(queue) ?? new Map<string, QueuedMessage>();
  kept.set(queue, messages);
  if (put !== undefined) messages.set(put.id, put);
  if (remove !== undefined) messages.delete(remove);
}
