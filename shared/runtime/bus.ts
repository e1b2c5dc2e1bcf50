/** EventBridge: puts events on a bus for the company's own systems. */
import type { PutEventsResponse } from "@aws-sdk/client-eventbridge";
import { AwsJson, eventBridge } from "./aws-json.ts";
import { sendInBatches } from "./batches.ts";
import type { Deadline } from "./retry.ts";

export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  readonly time: Date;
  /** JSON. */
  readonly detail: string;
}

/** One client for the life of the process. */
export function createBusClient(): AwsJson {
  return new AwsJson(eventBridge);
}

/** A bus within one invocation. */
export class Bus {
  readonly #client: AwsJson;
  readonly #name: string;
  readonly #deadline: Deadline;

  /** @param deadline no attempt begins after it, none lasts longer */
  constructor(client: AwsJson, name: string, deadline: Deadline) {
    this.#client = client;
    this.#name = name;
    this.#deadline = deadline;
  }

  /** Puts the entries. A lost answer puts some of them twice. @throws Problem `unavailable`; some may have been put by then */
  async put(entries: readonly BusEntry[]): Promise<void> {
    await sendInBatches(entries, this.#deadline, async (batch, abortSignal) => {
      const input = {
        Entries: batch.map(({ source, detailType, time, detail }) => ({
          EventBusName: this.#name,
          Source: source,
          DetailType: detailType,
          // In seconds of the epoch.
          Time: time.getTime() / 1000,
          Detail: detail,
        })),
      };
      const { Entries: results = [] } = await this.#client.call<PutEventsResponse>("PutEvents", input, abortSignal);
      // The results are in the order of the entries.
      return batch.filter((_, index) => results[index]?.ErrorCode !== undefined);
    });
  }
}
