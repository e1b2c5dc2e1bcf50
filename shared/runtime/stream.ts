/** The table's stream: a function reads what was written in batches, each of which comes again until it succeeds. */
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { log, type LogCode } from "./log.ts";
import { logError } from "./log-error.ts";
import type { Item } from "./table.ts";

/** A batch of the stream, as far as functions need it. */
export interface StreamBatch {
  readonly Records: readonly StreamRecord[];
}

export interface StreamRecord {
  readonly dynamodb?: {
    /** In the form of DynamoDB's own protocol. */
    readonly NewImage?: unknown;
    readonly SequenceNumber?: string;
  };
}

/** What of Lambda's context a run needs. */
export interface StreamRun {
  readonly awsRequestId: string;
  readonly getRemainingTimeInMillis: () => number;
}

/** The first record that failed: it comes again, with all that follow it. */
export interface StreamAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** What a function does with a batch. */
export interface StreamWork<Entry> {
  /** Id of the function. */
  readonly operation: string;
  /** What a new item means; undefined for one that is none of the function's. */
  readonly entryOf: (item: Item) => Entry | undefined;
  /**
   * Does the work, which a batch that comes again repeats.
   *
   * @param deadline when the work has to end, in milliseconds of the epoch
   * @returns how much was done
   */
  readonly work: (entries: readonly Entry[], deadline: number) => Promise<number>;
  /** The log line of a run that has done something, and what it counts. */
  readonly done: { readonly code: LogCode; readonly things: string };
}

/** For the answer after the work, in milliseconds. */
const reserveMs = 1000;

/** The handler of a function that reads the stream. A batch that fails is reported from its first record on. */
export function streamHandler<Entry>({ operation, entryOf, work, done }: StreamWork<Entry>) {
  return async ({ Records }: StreamBatch, run: StreamRun): Promise<StreamAnswer> => {
    const source = { requestId: run.awsRequestId, operation };
    try {
      const entries = Records.flatMap((record) => {
        const entry = parsed(record, entryOf);
        if (entry !== undefined) return [entry];
        // It must not stop the others, and comes no further by coming again.
        log("error", "internal_error", { ...source, reason: "unknown_item" });
        return [];
      });
      const count = await work(entries, Date.now() + run.getRemainingTimeInMillis() - reserveMs);
      if (count > 0) log("info", done.code, { ...source, reason: `${count} ${done.things}` });
      return { batchItemFailures: [] };
    } catch (error) {
      logError(error, source);
      return { batchItemFailures: [{ itemIdentifier: Records[0]?.dynamodb?.SequenceNumber ?? "" }] };
    }
  };
}

/** A deletion has no item. */
function parsed<Entry>({ dynamodb }: StreamRecord, entryOf: StreamWork<Entry>["entryOf"]): Entry | undefined {
  const image = dynamodb?.NewImage as Parameters<typeof unmarshall>[0] | undefined;
  return image && entryOf(unmarshall(image));
}
