/** EventBridge: puts events on a bus for the company's own systems. */
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { isTransient, retrying, type Deadline } from "./retry.ts";

export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  readonly time: Date;
  /** JSON. */
  readonly detail: string;
}

const perBatch = 10;

/** One client for the life of the process. The SDK's own retries are off, and each call sets its own time limit. */
export function createBusClient(): EventBridgeClient {
  return new EventBridgeClient({ maxAttempts: 1, requestHandler: { connectionTimeout: 1000 } });
}

/** EventBridge accepted only a part of a batch. */
class NotPut extends Error {
  override readonly name = "NotPut";
}

/** A bus within one invocation. */
export class Bus {
  readonly #client: EventBridgeClient;
  readonly #name: string;
  readonly #deadline: Deadline;

  /** @param deadline no attempt begins after it, none lasts longer */
  constructor(client: EventBridgeClient, name: string, deadline: Deadline) {
    this.#client = client;
    this.#name = name;
    this.#deadline = deadline;
  }

  /** Puts the entries. A lost answer puts some of them twice. @throws Problem `unavailable`; some may have been put by then */
  async put(entries: readonly BusEntry[]): Promise<void> {
    for (let first = 0; first < entries.length; first += perBatch) {
      await this.#putBatch(entries.slice(first, first + perBatch));
    }
  }

  async #putBatch(entries: readonly BusEntry[]): Promise<void> {
    let left = entries;
    const shouldRetry = (error: unknown) => error instanceof NotPut || isTransient(error);
    await retrying(this.#deadline, shouldRetry, async (abortSignal) => {
      const command = new PutEventsCommand({
        Entries: left.map(({ source, detailType, time, detail }) => ({
          EventBusName: this.#name,
          Source: source,
          DetailType: detailType,
          Time: time,
          Detail: detail,
        })),
      });
      const { Entries: results = [] } = await this.#client.send(command, { abortSignal });
      // The results are in the order of the entries.
      left = left.filter((_, index) => results[index]?.ErrorCode !== undefined);
      if (left.length > 0) throw new NotPut();
    });
  }
}
