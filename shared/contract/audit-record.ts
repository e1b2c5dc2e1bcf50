/** The item that says who has changed what. It is written in the transaction of the change, and never changes. */
import { newId } from "../domain/ids.ts";
import { loggedNetworkOf } from "../domain/network.ts";
import { shardOf, type IndexPlaces, type Key } from "../runtime/key.ts";
import type { Write } from "../runtime/table.ts";
import type { Principal } from "./principal.ts";

/** What of an object a record shows: neither secrets nor codes, e-mail addresses or names of people. */
export type AuditedState = Readonly<Record<string, string | number | boolean | null>>;

/** What an operation says of its change. */
export interface AuditEntry {
  /** Id of the object. */
  readonly target: string;
  /** The fields that change, as they were; null for a new object, and where nothing can be shown. */
  readonly before: AuditedState | null;
  /** The same fields after the change; null for a deleted object, and where nothing can be shown. */
  readonly after: AuditedState | null;
}

export interface AuditRecord extends AuditEntry {
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
  /** Id of the operation. */
  readonly operation: string;
  readonly requestId: string;
  readonly actor: {
    readonly kind: Principal["kind"];
    readonly id: string;
    /** Null for a partner. */
    readonly role: string | null;
    /** `jti` of the access token. */
    readonly tokenId: string;
    /** How it has proven who it is: `client_secret`, or the methods of RFC 8176. Empty where that is not known. */
    readonly methods: readonly string[];
  };
  /** The network of the caller as logs show it. */
  readonly network: string;
  /** Seconds of the epoch. DynamoDB deletes the item some time later. */
  readonly ttl: number;
}

/** How long records are kept, in days: a year, and time to look at it. */
export const auditDays = 400;

/** Ids sort by time, so one partition would take all writes of a moment. */
export const auditShards = 4;

export function auditRecordKey(id: string): Key<AuditRecord> {
  return { pk: `AUDIT#${shardOf(id, auditShards)}`, sk: id };
}

/** The places of a record in the indexes: by its target and by its actor. */
export function auditPlaces(target: string, actorId: string, id: string): Required<IndexPlaces> {
  return { gsi1pk: `AUDIT-TARGET#${target}`, gsi1sk: id, gsi2pk: `AUDIT-ACTOR#${actorId}`, gsi2sk: id };
}

/** What of a request a record has. */
export interface AuditedRequest {
  readonly operation: { readonly id: string };
  readonly principal?: Principal | undefined;
  readonly now: Date;
  readonly requestId: string;
  readonly sourceIp: string;
}

/** Writes the record of a change. @throws Error in a public operation, which has no caller */
export function auditWrite(
  { operation, principal, now, requestId, sourceIp }: AuditedRequest,
  entry: AuditEntry,
): Write {
  if (principal === undefined) throw new Error("an operation without a caller cannot be audited");
  const isUser = principal.kind === "user";
  const record: AuditRecord = {
    id: newId("aud_", now),
    at: now.toISOString(),
    operation: operation.id,
    requestId,
    actor: {
      kind: principal.kind,
      id: principal.id,
      role: isUser ? principal.role : null,
      tokenId: principal.tokenId,
      methods: isUser ? (principal.methods ?? []) : ["client_secret"],
    },
    network: loggedNetworkOf(sourceIp),
    target: entry.target,
    before: entry.before,
    after: entry.after,
    ttl: Math.ceil(now.getTime() / 1000) + auditDays * 86_400,
  };
  // Nobody knows the id before, so the put meets no other record.
  return { put: { ...auditRecordKey(record.id), ...auditPlaces(entry.target, principal.id, record.id), ...record } };
}

/**
 * The entry of a change, with the fields that differ.
 *
 * @param shown the fields whose values are shown @param hidden those of which only the change is shown
 */
export function changeEntry<State extends { readonly id: string }>(
  { before, after }: { readonly before: State; readonly after: State },
  shown: readonly (keyof State & string)[],
  hidden: readonly (keyof State & string)[] = [],
): AuditEntry {
  const differing = (names: readonly (keyof State & string)[]) => names.filter((name) => before[name] !== after[name]);
  const concealed = differing(hidden).map((name) => [name, "[hidden]"] as const);
  const stateOf = (state: State) =>
    Object.fromEntries([...differing(shown).map((name) => [name, shownValue(state[name])] as const), ...concealed]);
  return { target: after.id, before: stateOf(before), after: stateOf(after) };
}

/** @throws Error for a value that has parts: a bug */
function shownValue(value: unknown): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  throw new Error("the audit trail shows single values only");
}
