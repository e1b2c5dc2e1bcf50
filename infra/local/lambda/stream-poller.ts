/** Stands in for Lambda's poller of a DynamoDB stream: reads the shards in order and brings their records to a function. */
import { randomUUID } from "node:crypto";
import { messageOf } from "../support/errors.ts";
import { TableStream, type ShardPosition, type StreamRecord } from "../services/table-stream.ts";
import type { StreamMappingModel } from "../template/deployment-model.ts";
import type { Invocation } from "./function-pool.ts";
import { pauseUntil, Signal } from "./poller-signal.ts";
import { processBatch, type FailedBatch } from "./stream-batches.ts";
import type { StreamPositions } from "./stream-positions.ts";

export interface StreamPollerOptions {
  readonly mapping: StreamMappingModel;
  readonly engineEndpoint: string;
  readonly region: string;
  readonly positions: StreamPositions;
  readonly invoke: (functionId: string, event: unknown) => Promise<Invocation>;
  /** Why Lambda may not read the stream with the function's role; undefined when it may. */
  readonly denied: () => string | undefined;
  /** Sends a message to the queue of failed batches. */
  readonly sendFailure: (queueName: string, body: string) => void;
  readonly report: (line: string) => void;
}

/** Writes come in crowds: one read brings the records of all of them. */
const crowdMilliseconds = 20;
/** Finds the records of writes that pass the host's proxy by. */
const idleMilliseconds = 1000;
const troubleMilliseconds = 1000;

export class StreamPoller {
  readonly #options: StreamPollerOptions;
  readonly #stream: TableStream;
  readonly #signal = new Signal();
  readonly #stop = new AbortController();
  readonly #iterators = new Map<string, string>();
  /** Shards that were read to their end. */
  readonly #ended = new Set<string>();
  #run: Promise<void> | undefined;

  constructor(options: StreamPollerOptions) {
    this.#options = options;
    this.#stream = new TableStream(options.engineEndpoint, options.region, options.mapping.tableName);
  }

  start(): void {
    this.#run ??= this.#poll();
  }

  /** Tells that the stream may have new records. */
  wake(): void {
    this.#signal.wake();
  }

  /** Reads nothing more, and waits for the running invocation. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#signal.wake();
    await this.#run;
    this.#stream.close();
    this.#options.positions.save();
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #poll(): Promise<void> {
    while (!this.#stopped) {
      try {
        const denied = this.#options.denied();
        if (denied === undefined && (await this.#readShards())) continue;
        await this.#signal.wait(denied === undefined ? idleMilliseconds : troubleMilliseconds);
        await pauseUntil(this.#stop.signal, crowdMilliseconds);
      } catch (error) {
        if (this.#stopped) return;
        // The iterators may be the reason: they are asked for again, from the kept positions.
        this.#iterators.clear();
        this.#options.report(`the stream of ${this.#options.mapping.tableName} cannot be read: ${messageOf(error)}`);
        await pauseUntil(this.#stop.signal, troubleMilliseconds).catch(() => undefined);
      }
    }
  }

  /** @returns whether there were records */
  async #readShards(): Promise<boolean> {
    if (this.#iterators.size === 0) await this.#findShards();
    let found = false;
    for (const [shardId, iterator] of this.#iterators) {
      const { records, next } = await this.#stream.read(iterator);
      await this.#process(shardId, records);
      if (this.#stopped) return false;
      if (next === undefined) {
        this.#iterators.delete(shardId);
        this.#ended.add(shardId);
      } else {
        this.#iterators.set(shardId, next);
      }
      found ||= records.length > 0;
    }
    return found;
  }

  async #findShards(): Promise<void> {
    const { mapping, positions } = this.#options;
    for (const shardId of await this.#stream.shards()) {
      if (this.#ended.has(shardId)) continue;
      const kept = positions.of(mapping.id, shardId);
      const position: ShardPosition = kept === undefined ? mapping.startsAt : { after: kept };
      this.#iterators.set(shardId, await this.#stream.iterator(shardId, position));
    }
  }

  async #process(shardId: string, records: readonly StreamRecord[]): Promise<void> {
    const { mapping, positions } = this.#options;
    const accepted = records.filter((record) => mapping.accepts(record));
    const move = ({ dynamodb }: StreamRecord): void => positions.move(mapping.id, shardId, dynamodb.SequenceNumber);
    for (let from = 0; from < accepted.length && !this.#stopped; from += mapping.batchSize) {
      const batch = accepted.slice(from, from + mapping.batchSize);
      await processBatch(batch, mapping, this.#surroundings(shardId), move);
      positions.save();
    }
    // Records that match no filter are behind, too. They are not worth a write.
    const last = records.at(-1);
    if (last !== undefined && !this.#stopped) move(last);
  }

  #surroundings(shardId: string) {
    const { mapping, invoke, sendFailure, region } = this.#options;
    return {
      invoke: (records: readonly StreamRecord[]) =>
        invoke(mapping.functionId, {
          Records: records.map((record) => ({ ...record, awsRegion: region, eventSourceARN: mapping.streamArn })),
        }),
      giveUp: (failed: FailedBatch) => {
        if (mapping.failedQueue === undefined) return;
        sendFailure(mapping.failedQueue.name, JSON.stringify(failureMessage(mapping, shardId, failed)));
      },
      pause: (milliseconds: number) => pauseUntil(this.#stop.signal, milliseconds),
      now: Date.now,
    };
  }
}

const timeOf = ({ dynamodb }: StreamRecord): string =>
  new Date(dynamodb.ApproximateCreationDateTime * 1000).toISOString();

/** What Lambda tells of a batch that failed for good. It names the records, and holds none. */
function failureMessage(
  { functionId, streamArn }: StreamMappingModel,
  shardId: string,
  { records, condition, invocations, functionError }: FailedBatch,
): object {
  const [first, last] = [records[0], records.at(-1)] as [StreamRecord, StreamRecord];
  return {
    requestContext: {
      requestId: randomUUID(),
      functionArn: functionId,
      condition,
      approximateInvokeCount: invocations,
    },
    responseContext: {
      statusCode: 200,
      executedVersion: "$LATEST",
      ...(functionError !== undefined && { functionError: "Unhandled" }),
    },
    version: "1.0",
    timestamp: new Date().toISOString(),
    DDBStreamBatchInfo: {
      shardId,
      startSequenceNumber: first.dynamodb.SequenceNumber,
      endSequenceNumber: last.dynamodb.SequenceNumber,
      approximateArrivalOfFirstRecord: timeOf(first),
      approximateArrivalOfLastRecord: timeOf(last),
      batchSize: records.length,
      streamArn,
    },
  };
}
