/**
 * Idempotency keys. The record of the first answer is written in the transaction of its effect, so a crash cannot separate
 * the two. A retry finds the record when its own transaction tries to write it.
 */
import { createHmac, hkdfSync } from "node:crypto";
import * as z from "zod";
import { idempotencyRecordKey, type IdempotencyRecord } from "../contract/idempotency-record.ts";
import { Problem, invalid } from "../domain/problems.ts";
import type { Key } from "../runtime/key.ts";
import type { Table, Write } from "../runtime/table.ts";

const keptSeconds = 24 * 60 * 60;

/** An answer as it is recorded and replayed. */
export type RecordedAnswer = Pick<IdempotencyRecord, "status" | "headers" | "body">;

/** A request that carries an idempotency key. */
export interface Claim {
  readonly key: Key<IdempotencyRecord>;
  /** Tells the same request from a different one with the same key. */
  readonly fingerprint: string;
  readonly now: Date;
}

/** Thrown where the first answer exists already. */
export class Replay extends Error {
  override readonly name = "Replay";
  readonly answer: RecordedAnswer;

  constructor(answer: RecordedAnswer) {
    super("replay");
    this.answer = answer;
  }
}

/**
 * The claim that the header `Idempotency-Key` makes.
 *
 * @param request path parameters, body and precondition as sent: the same key with a different request is refused
 * @throws Problem `validation_failed` for a key that is not 1 to 255 visible ASCII characters
 */
export function claimOf(
  idempotencyKey: string | undefined,
  { principalId, operationId, now }: { readonly principalId: string; readonly operationId: string; readonly now: Date },
  request: unknown,
): Claim | undefined {
  if (idempotencyKey === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) {
    throw invalid({ pointer: "/Idempotency-Key", detail: "the header must have 1 to 255 visible ASCII characters" });
  }
  const fingerprint = createHmac("sha256", idempotencyKey).update(canonical(request)).digest("base64url");
  return { key: idempotencyRecordKey(principalId, operationId, idempotencyKey), fingerprint, now };
}

/**
 * The claim with a fingerprint that only we can compute. Whoever has the table and guesses the caller's key could otherwise try
 * passwords against the fingerprint of a body.
 *
 * @param secret the secret `fingerprintSecret`
 */
export function withKeyedFingerprint(claim: Claim, secret: string): Claim {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "portico idempotency fingerprint", 32));
  return { ...claim, fingerprint: createHmac("sha256", key).update(claim.fingerprint).digest("base64url") };
}

/** The same text for the same JSON, whatever the order and spacing of its members. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_name, member: unknown) =>
      typeof member === "object" && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    ) ?? ""
  );
}

/** The write that records an answer under the claim. It fails with `Replay` if there is one already. */
export function recording(claim: Claim, answer: RecordedAnswer): Write {
  const nowSeconds = Math.floor(claim.now.getTime() / 1000);
  const record: IdempotencyRecord = { ...answer, fingerprint: claim.fingerprint, ttl: nowSeconds + keptSeconds };
  return {
    put: { ...claim.key, ...record },
    // DynamoDB deletes late, so an expired record may still exist.
    condition: {
      expression: "attribute_not_exists(pk) OR #ttl <= :now",
      names: { "#ttl": "ttl" },
      values: { ":now": nowSeconds },
    },
    onConditionFailed: (existing) => replayOf(claim, existing),
    onContention: () =>
      new Problem("request_in_progress", "The first request with this key is still running. Retry in a moment.", {
        retryAfterSeconds: 1,
      }),
  };
}

/**
 * Looks for the first answer before a second decision is made.
 *
 * @throws Replay if there is one
 * @throws Problem `idempotency_key_reused` if it answered a different request
 */
export async function replayIfRecorded(table: Table, claim: Claim): Promise<void> {
  const existing = await table.get(claim.key);
  if (existing !== undefined && existing.ttl > claim.now.getTime() / 1000) throw replayOf(claim, existing);
}

/** Parsed because a damaged record would be sent to the caller as its answer. */
const recordSchema = z.object({
  status: z.int().min(200).max(499),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  fingerprint: z.string(),
});

function replayOf(claim: Claim, existing: unknown): Error {
  const { fingerprint, ...answer } = recordSchema.parse(existing);
  if (fingerprint === claim.fingerprint) return new Replay(answer);
  const detail = "This key was used with a different path or body within the last 24 hours.";
  return new Problem("idempotency_key_reused", detail);
}
