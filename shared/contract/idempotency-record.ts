/** The item that keeps the first answer to a request with an idempotency key. */
import { hashed, type Key } from "../runtime/key.ts";

/** The first answer, kept for 24 hours. */
export interface IdempotencyRecord {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Tells the same request from a different one with the same key. */
  readonly fingerprint: string;
  /** Seconds of the epoch. DynamoDB deletes the item some time later. */
  readonly ttl: number;
}

/** The partitions of all records, as a role may be granted them. */
export const idempotencyPartitions = "IDEMPOTENCY#*";

export function idempotencyRecordKey(
  principalId: string,
  operationId: string,
  idempotencyKey: string,
): Key<IdempotencyRecord> {
  return { pk: `IDEMPOTENCY#${principalId}#${operationId}#${hashed(idempotencyKey)}`, sk: "IDEMPOTENCY" };
}
