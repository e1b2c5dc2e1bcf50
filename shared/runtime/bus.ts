/** EventBridge: puts events on a bus for the company's own systems. */
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { sendInBatches } from "./batches.ts";
import type { Deadline } from "./retry.ts";

export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  readonly time: Date;
  /** JSON. */
  readonly detail: string;
}

/** One client for the life of the process. The SDK's own retries are off, and each call sets its own time limit. */
export function createBusClient(): EventBridgeClient {
  return new EventBridgeClient({ maxAttempts: 1, requestHandler: { connectionTimeout: 1000 } });
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
    await sendInBatches(entries, this.#deadline, async (batch, abortSignal) => {
      const command = new PutEventsCommand({
        Entries: batch.map(({ source, detailType, time, detail }) => ({
          EventBusName: this.#name,
          Source: source,
          DetailType: detailType,
          Time: time,
          Detail: detail,
        })),
      });
      const { Entries: results = [] } = await this.#client.send(command, { abortSignal });
      // The results are in the order of the entries.
      return batch.filter((_, index) => results[index]?.ErrorCode !== undefined);
    });
  }
}
