/**
 * Idempotency keys. The record of the first answer is written in the transaction of its effect, so there is no moment
 * between the two at which a crash could part them; a repetition finds the record where its own effect would have gone.
 */
import { createHmac } from "node:crypto";
import { key } from "../runtime/key.ts";
import type { Item, Table, Write } from "../runtime/table.ts";
import { Problem, invalid } from "../domain/problems.ts";

const keptSeconds = 24 * 60 * 60;

/** An answer as it is kept and given again. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request that carries an idempotency key. */
export interface Claim {
  readonly key: ReturnType<typeof key.idempotency>;
  /** Tells the same request from another one under the same key. */
  readonly fingerprint: string;
  readonly now: Date;
}

/** The first answer exists already: thrown by the transaction that would have written a second one. */
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
 * @param request path parameters, body and precondition as sent: the same key with another of them is refused
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
  // Under the caller's key, which is nowhere kept in clear: a plain hash would help to guess a password in a body.
  const fingerprint = createHmac("sha256", idempotencyKey).update(canonical(request)).digest("base64url");
  return { key: key.idempotency(principalId, operationId, idempotencyKey), fingerprint, now };
}

/** The same text for the same JSON, however its members are ordered and spaced. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_name, member: unknown) =>
      typeof member === "object" && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    ) ?? ""
  );
}

/** The write that records an answer under the claim; it fails with `Replay` if there is one already. */
export function recording(claim: Claim, answer: RecordedAnswer): Write {
  const nowSeconds = Math.floor(claim.now.getTime() / 1000);
  return {
    put: { ...claim.key, ...answer, fingerprint: claim.fingerprint, ttl: nowSeconds + keptSeconds },
    // DynamoDB deletes late, so a record past its time may still be there.
    condition: {
      expression: "attribute_not_exists(pk) OR #ttl <= :now",
      names: { "#ttl": "ttl" },
      values: { ":now": nowSeconds },
    },
    onConditionFailed: (existing) => replayOf(claim, existing),
    onContention: () =>
      new Problem(
        "request_in_progress",
        "The first request with this key is still running. Send it again in a moment.",
        {
          retryAfterSeconds: 1,
        },
      ),
  };
}

/**
 * Looks for the first answer before there is a second decision.
 *
 * @throws Replay if there is one; Problem `idempotency_key_reused` if it is one to another request
 */
export async function replayIfRecorded(table: Table, claim: Claim): Promise<void> {
  const existing = await table.get(claim.key);
  if (existing !== undefined && existing.ttl > claim.now.getTime() / 1000) throw replayOf(claim, existing);
}

function replayOf(claim: Claim, existing: Item | undefined): Error {
  if (existing?.fingerprint !== claim.fingerprint) {
    return new Problem(
      "idempotency_key_reused",
      "This key was used with another path or body within the last 24 hours.",
    );
  }
  return new Replay({ status: existing.status, headers: existing.headers, body: existing.body });
}
