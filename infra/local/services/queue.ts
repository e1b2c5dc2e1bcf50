/** One standard queue of SQS: visibility, delay, redrive, retention and fair receives. It knows neither files nor protocols. */
import { randomUUID } from "node:crypto";
import type { QueueModel } from "../template/deployment-model.ts";

/** A message as it is kept. Times are milliseconds since the epoch. */
export interface QueuedMessage {
  readonly id: string;
  readonly body: string;
  readonly groupId?: string | undefined;
  readonly sentAt: number;
  /** When it can be received: after its delay, or after the visibility timeout of the receive before. */
  readonly visibleAt: number;
  readonly receives: number;
  readonly firstReceivedAt?: number | undefined;
  /** Of the last receive. */
  readonly receipt?: string | undefined;
}

export interface SendRequest {
  readonly body: string;
  readonly groupId?: string | undefined;
  /** Default: the delay of the queue. */
  readonly delaySeconds?: number | undefined;
}

/** How many messages a queue has, as CloudWatch counts them. */
export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** Keeps what a queue does. */
export interface QueueStore {
  put(queueArn: string, message: QueuedMessage): void;
  remove(queueArn: string, messageId: string): void;
}

export class Queue {
  readonly #model: QueueModel;
  readonly #store: QueueStore;
  readonly #now: () => number;
  /** Where messages go that were received too often. */
  readonly #failed: (() => Queue) | undefined;
  readonly #messages: Map<string, QueuedMessage>;

  constructor(
    model: QueueModel,
    {
      store,
      now,
      failed,
      kept = [],
    }: {
      readonly store: QueueStore;
      readonly now: () => number;
      readonly failed?: (() => Queue) | undefined;
      readonly kept?: readonly QueuedMessage[];
    },
  ) {
    this.#model = model;
    this.#store = store;
    this.#now = now;
    this.#failed = failed;
    this.#messages = new Map(kept.map((message) => [message.id, message]));
  }

  /** @returns the message's id */
  send({ body, groupId, delaySeconds = this.#model.delaySeconds }: SendRequest): string {
    const now = this.#now();
    const visibleAt = now + 1000 * delaySeconds;
    const message: QueuedMessage = { id: randomUUID(), body, groupId, sentAt: now, visibleAt, receives: 0 };
    this.#keep(message);
    return message.id;
  }

  /**
   * Receives messages and hides them for the visibility timeout. It takes them from the groups with the fewest messages in flight, so
   * that a group with many messages does not delay the others. A message without a group is a group of its own.
   */
  receive(maxMessages: number): readonly QueuedMessage[] {
    const now = this.#now();
    this.#expire(now);
    const groups = this.#visibleGroups(now);
    const received: QueuedMessage[] = [];
    while (received.length < maxMessages) {
      const next = groups.filter(({ waiting }) => waiting.length > 0).sort(fairOrder)[0];
      const message = next?.waiting.shift();
      if (next === undefined || message === undefined) break;
      if (this.#isExhausted(message)) {
        this.#giveUp(message, now);
        continue;
      }
      next.inFlight++;
      const hidden = {
        ...message,
        receives: message.receives + 1,
        firstReceivedAt: message.firstReceivedAt ?? now,
        receipt: randomUUID(),
        visibleAt: now + 1000 * this.#model.visibilityTimeoutSeconds,
      };
      this.#keep(hidden);
      received.push(hidden);
    }
    return received;
  }

  /** Deletes a message that was received. As on AWS, an old receipt is no error, and does nothing. */
  delete(receipt: string): void {
    const message = this.#ofReceipt(receipt);
    if (message !== undefined) this.#drop(message);
  }

  /** @returns false when no message in flight has the receipt */
  changeVisibility(receipt: string, timeoutSeconds: number): boolean {
    const message = this.#ofReceipt(receipt);
    const now = this.#now();
    if (message === undefined || message.visibleAt <= now) return false;
    this.#keep({ ...message, visibleAt: now + 1000 * timeoutSeconds });
    return true;
  }

  counts(): QueueCounts {
    const now = this.#now();
    this.#expire(now);
    const all = [...this.#messages.values()];
    const hidden = all.filter(({ visibleAt }) => visibleAt > now);
    const inFlight = hidden.filter(({ receives }) => receives > 0).length;
    return { visible: all.length - hidden.length, inFlight, delayed: hidden.length - inFlight };
  }

  /** The messages, oldest first. */
  messages(): readonly QueuedMessage[] {
    this.#expire(this.#now());
    return [...this.#messages.values()].sort((a, b) => a.sentAt - b.sentAt);
  }

  /** When the next message can be received; undefined for an empty queue. */
  nextVisibleAt(): number | undefined {
    let next: number | undefined;
    for (const { visibleAt } of this.#messages.values()) if (next === undefined || visibleAt < next) next = visibleAt;
    return next;
  }

  /** Takes a message that a different queue gives up. */
  take({ id, body, groupId }: QueuedMessage, now: number): void {
    this.#keep({ id, body, groupId, sentAt: now, visibleAt: now, receives: 0 });
  }

  #visibleGroups(now: number): readonly Group[] {
    const groups = new Map<string, Group>();
    for (const message of [...this.#messages.values()].sort((a, b) => a.visibleAt - b.visibleAt)) {
      const name = message.groupId ?? `message ${message.id}`;
      const group = groups.get(name) ?? { inFlight: 0, waiting: [] };
      groups.set(name, group);
      if (message.visibleAt <= now) group.waiting.push(message);
      else if (message.receives > 0) group.inFlight++;
    }
    return [...groups.values()];
  }

  #isExhausted({ receives }: QueuedMessage): boolean {
    const { redrive } = this.#model;
    return redrive !== undefined && receives >= redrive.maxReceives;
  }

  #giveUp(message: QueuedMessage, now: number): void {
    this.#failed?.().take(message, now);
    this.#drop(message);
  }

  #ofReceipt(receipt: string): QueuedMessage | undefined {
    return [...this.#messages.values()].find((message) => message.receipt === receipt);
  }

  #expire(now: number): void {
    const oldest = now - 1000 * this.#model.retentionSeconds;
    for (const message of this.#messages.values()) if (message.sentAt < oldest) this.#drop(message);
  }

  #keep(message: QueuedMessage): void {
    this.#messages.set(message.id, message);
    this.#store.put(this.#model.arn, message);
  }

  #drop({ id }: QueuedMessage): void {
    this.#messages.delete(id);
    this.#store.remove(this.#model.arn, id);
  }
}

interface Group {
  inFlight: number;
  /** The messages that can be received, the one that waits longest first. */
  readonly waiting: QueuedMessage[];
}

function fairOrder(a: Group, b: Group): number {
  return a.inFlight - b.inFlight || (a.waiting[0]?.visibleAt ?? 0) - (b.waiting[0]?.visibleAt ?? 0);
}
