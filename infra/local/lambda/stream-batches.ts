/** How Lambda brings the records of a shard to a function: batches, partial failures, bisecting, retries and giving up. */
import type { StreamRecord } from "../services/table-stream.ts";
import type { StreamMappingModel } from "../template/deployment-model.ts";
import type { Invocation } from "./function-pool.ts";

/** What a mapping needs from its surroundings. */
export interface BatchSurroundings {
  invoke(records: readonly StreamRecord[]): Promise<Invocation>;
  /** Tells the queue of failed batches. */
  giveUp(batch: FailedBatch): void;
  /** Waits before a retry. @throws when the host stops */
  pause(milliseconds: number): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface FailedBatch {
  readonly records: readonly StreamRecord[];
  readonly condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
  readonly invocations: number;
  /** The error of the last invocation; undefined when the function reported failed items. */
  readonly functionError: string | undefined;
}

type Rules = Pick<StreamMappingModel, "bisects" | "maxRetries" | "maxRecordAgeSeconds" | "reportsItemFailures">;

const firstPauseMilliseconds = 100;
const maxPauseMilliseconds = 10_000;

/**
 * Brings one batch to its end: every record is either processed or given up.
 *
 * @param done is told how far the shard has been processed
 */
export async function processBatch(
  batch: readonly StreamRecord[],
  rules: Rules,
  surroundings: BatchSurroundings,
  done: (record: StreamRecord) => void,
): Promise<void> {
  const waiting: { records: readonly StreamRecord[]; invocations: number; functionError?: string | undefined }[] = [
    { records: batch, invocations: 0 },
  ];
  for (let part = waiting[0]; part !== undefined; part = waiting[0]) {
    const { invocations, functionError } = part;
    const old = part.records.findIndex((record) => !isTooOld(record, rules, surroundings.now()));
    const records = old < 0 ? [] : part.records.slice(old);
    const expired = old < 0 ? part.records : part.records.slice(0, old);
    if (expired.length > 0) {
      surroundings.giveUp({ records: expired, condition: "RecordAgeExceeded", invocations, functionError });
      done(expired.at(-1) as StreamRecord);
    }
    if (records.length === 0) {
      waiting.shift();
      continue;
    }
    const outcome = await surroundings.invoke(records);
    const firstFailed = firstFailedOf(outcome, records, rules);
    if (firstFailed > 0) done(records[firstFailed - 1] as StreamRecord);
    waiting.shift();
    const failed = records.slice(firstFailed);
    if (failed.length === 0) continue;
    const error = "failure" in outcome ? outcome.failure.errorType : undefined;
    // A batch that makes no progress is halved, which does not count as a retry.
    if (rules.bisects && firstFailed === 0 && failed.length > 1) {
      const middle = Math.ceil(failed.length / 2);
      waiting.unshift(
        { records: failed.slice(0, middle), invocations, functionError: error },
        { records: failed.slice(middle), invocations, functionError: error },
      );
    } else if (invocations >= rules.maxRetries) {
      surroundings.giveUp({
        records: failed,
        condition: "RetryAttemptsExhausted",
        invocations: invocations + 1,
        functionError: error,
      });
      done(failed.at(-1) as StreamRecord);
    } else {
      // Progress begins the count anew: what is left is a different batch.
      const count = firstFailed > 0 ? 0 : invocations + 1;
      waiting.unshift({ records: failed, invocations: count, functionError: error });
      await surroundings.pause(Math.min(maxPauseMilliseconds, firstPauseMilliseconds * 2 ** count));
    }
  }
}

function isTooOld({ dynamodb }: StreamRecord, { maxRecordAgeSeconds }: Rules, now: number): boolean {
  return now / 1000 - dynamodb.ApproximateCreationDateTime > maxRecordAgeSeconds;
}

/** Index of the first record that has to be tried again; the number of records when there is none. */
function firstFailedOf(outcome: Invocation, records: readonly StreamRecord[], { reportsItemFailures }: Rules): number {
  if ("failure" in outcome) return 0;
  if (!reportsItemFailures) return records.length;
  const failed = failedItems(outcome.payload);
  // As Lambda does with an answer that names no record of the batch: everything is tried again.
  if (failed === undefined) return 0;
  const indexes = failed.map((item) => records.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === item));
  return indexes.includes(-1) ? 0 : Math.min(records.length, ...indexes);
}

/**
 * The items that a function reports as failed.
 *
 * @returns undefined for an answer that Lambda treats as a failure of the whole batch
 */
export function failedItems(payload: string): readonly string[] | undefined {
  const answer = JSON.parse(payload) as { readonly batchItemFailures?: unknown } | null | undefined;
  const items = answer?.batchItemFailures;
  if (items === undefined || items === null) return [];
  if (!Array.isArray(items)) return undefined;
  const ids = items.map((item: { readonly itemIdentifier?: unknown } | null) => item?.itemIdentifier);
  return ids.every((id): id is string => typeof id === "string" && id !== "") ? ids : undefined;
}
