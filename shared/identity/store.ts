/** Items of principals, credentials, signing keys and attempts. */
import { randomUUID } from "node:crypto";
import type { Role } from "../domain/access.ts";
import { Problem, revokedMeanwhile } from "../domain/problems.ts";
import { absent, all, present } from "../runtime/writes.ts";
import { key } from "../runtime/key.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Change, Expression, Item, Table, Write } from "../runtime/table.ts";
import { decideAttempt, type AttemptLimit, type Attempts } from "./attempts.ts";
import type { ClientCredential } from "./client-secrets.ts";
import type { PublicKey } from "./signing-keys.ts";

export const tokenPolicies = ["single", "many"] as const;
export type TokenPolicy = (typeof tokenPolicies)[number];

/** Whether a principal's tokens are valid: small, and apart from its profile, for every request reads it. */
export type PrincipalState = {
  readonly status: "active" | "suspended" | "deleted";
  /** A token with another version is refused. */
  readonly version: number;
} & (
  | { readonly kind: "partner"; readonly tokenPolicy: TokenPolicy }
  | ({ readonly kind: "user"; readonly role: Role } & SessionsState)
);

/** Which of a user's sessions are alive; kept with its state, so that one read tells of every token. */
export interface SessionsState {
  /** Sessions that were begun or used before the token version was this one are over. */
  readonly sessionsFrom: number;
  /** The one session that outlived the last change of the password: its older tokens are still good. */
  readonly keptSession?: string;
  /** Sessions that ended one by one, until (seconds of the epoch) their last access token has expired. */
  readonly endedSessions?: Readonly<Record<string, number>>;
}

export type UserState = Extract<PrincipalState, { kind: "user" }>;
export type PartnerState = Extract<PrincipalState, { kind: "partner" }>;

export async function findPrincipal(table: Table, id: string): Promise<PrincipalState | undefined> {
  return (await table.get(key.principal(id))) as PrincipalState | undefined;
}

/** A partner's state while it lives; one that is being removed only where the caller asks for that. */
export async function findPartnerState(
  table: Table,
  partnerId: string,
  statuses: readonly PrincipalState["status"][] = ["active", "suspended"],
): Promise<PartnerState | undefined> {
  const state = await findPrincipal(table, partnerId);
  return state?.kind === "partner" && statuses.includes(state.status) ? state : undefined;
}

/** The writes of a new principal: its state and what it proves itself with. */
export function principalCreation(
  id: string,
  state: PrincipalState,
  credential: ClientCredential | { readonly passwordHash: string | undefined },
): Change {
  return [
    { put: { ...key.principal(id), ...state }, condition: absent },
    { put: { ...key.credential(id), ...credential, revision: 1 }, condition: absent },
  ];
}

/** Ends all tokens of a principal: those that exist carry an older version. */
export function tokenRevocation(id: string): Write {
  return {
    update: key.principal(id),
    set: { expression: "SET version = version + :one", values: { ":one": 1 } },
    condition: present,
    onConditionFailed: () => new ConcurrencyConflict(),
  };
}

/** Changes a partner's status and token policy, and ends its tokens where that is asked for. */
export function partnerStateChange(
  id: string,
  { status, tokenPolicy }: { readonly status: "active" | "suspended"; readonly tokenPolicy: TokenPolicy },
  { endsTokens }: { readonly endsTokens: boolean },
): Write {
  return {
    update: key.principal(id),
    set: {
      expression: "SET #status = :status, tokenPolicy = :tokenPolicy, version = version + :step",
      names: { "#status": "status" },
      values: { ":status": status, ":tokenPolicy": tokenPolicy, ":step": endsTokens ? 1 : 0 },
    },
    condition: present,
    onConditionFailed: () => new ConcurrencyConflict(),
  };
}

/** Changes a user's status and role; the tokens and, when suspended, the sessions before are over. */
export function userStateChange(
  id: string,
  { status, role }: { readonly status: "active" | "suspended"; readonly role: Role },
): Write {
  return {
    update: key.principal(id),
    set: {
      expression:
        status === "suspended"
          ? "SET #status = :status, #role = :role, version = version + :one, sessionsFrom = version + :one REMOVE keptSession"
          : "SET #status = :status, #role = :role, version = version + :one",
      names: { "#status": "status", "#role": "role" },
      values: { ":status": status, ":role": role, ":one": 1 },
    },
    condition: present,
    onConditionFailed: () => new ConcurrencyConflict(),
  };
}

const isActive: Expression = {
  expression: "#status = :active",
  names: { "#status": "status" },
  values: { ":active": "active" },
};

/**
 * The version of a token that is being issued. Under `single` it is a new one, which ends the token before; the update is
 * atomic, so of any number of issues at once each has a version of its own and the highest stays valid.
 *
 * @throws ConcurrencyConflict when the policy has changed since it was read
 */
export async function versionOfNewToken(table: Table, id: string, state: PartnerState): Promise<number> {
  if (state.tokenPolicy === "many") return state.version;
  const { version } = await table.update({
    update: key.principal(id),
    set: { expression: "SET version = version + :one", values: { ":one": 1 } },
    condition: all(isActive, { expression: "tokenPolicy = :single", values: { ":single": "single" } }),
    onConditionFailed: () => new ConcurrencyConflict(),
  });
  return version as number;
}

/** How long a deletion may keep others from creating what would forbid it; longer than any function lives. */
const deletionHoldMs = 60_000;

/**
 * Holds as long as the partner is active and nobody is deleting it. Whatever a deletion must not miss is created together
 * with this check.
 */
export function whileActive(partnerId: string, now: Date): Write {
  return {
    check: key.principal(partnerId),
    condition: all(isActive, notBeingDeleted(now)),
    onConditionFailed: (existing) => (existing?.status === "active" ? new ConcurrencyConflict() : revokedMeanwhile()),
  };
}

function notBeingDeleted(now: Date): Expression {
  return {
    expression: "attribute_not_exists(deletionUntil) OR deletionUntil < :heldUntil",
    values: { ":heldUntil": now.toISOString() },
  };
}

/**
 * Begins a deletion: from now on `whileActive` does not hold. The hold ends by itself, so that a crash leaves nothing
 * locked; it lasts longer than the function that set it, so that the deletion cannot come after its end.
 *
 * @throws ConcurrencyConflict while another deletion runs
 */
export async function holdForDeletion(table: Table, partnerId: string, now: Date): Promise<void> {
  await table.commit([
    {
      update: key.principal(partnerId),
      set: {
        expression: "SET deletionUntil = :until",
        values: { ":until": new Date(now.getTime() + deletionHoldMs).toISOString() },
      },
      condition: all(present, notBeingDeleted(now)),
      onConditionFailed: () => new ConcurrencyConflict(),
    },
  ]);
}

/** Gives up a deletion that turned out not to be allowed. */
export async function releaseFromDeletion(table: Table, partnerId: string): Promise<void> {
  await table.commit([
    {
      update: key.principal(partnerId),
      set: { expression: "REMOVE deletionUntil" },
      condition: present,
      onConditionFailed: () => new ConcurrencyConflict(),
    },
  ]);
}

/** Ends a principal for good. Its state stays, as `deleted`, until what it leaves behind has been removed. */
export function principalDeletion(id: string): Change {
  return [
    {
      update: key.principal(id),
      set: {
        expression: "SET #status = :deleted",
        names: { "#status": "status" },
        values: { ":deleted": "deleted" },
      },
      condition: present,
      onConditionFailed: () => new ConcurrencyConflict(),
    },
    { delete: key.credential(id) },
  ];
}

/** Removes the last trace of a principal that has ended. */
export async function forgetPrincipal(table: Table, id: string): Promise<void> {
  await table.commit([{ delete: key.principal(id) }]);
}

export interface Revised<Value> {
  readonly value: Value;
  readonly revision: number;
}

export async function findClientCredential(
  table: Table,
  partnerId: string,
): Promise<Revised<ClientCredential> | undefined> {
  const item = await table.get(key.credential(partnerId));
  return item && { value: item as ClientCredential & Item, revision: item.revision };
}

/** Replaces a partner's credential, unless it has been replaced since it was read. */
export function clientCredentialReplacement(
  partnerId: string,
  credential: Required<ClientCredential>,
  revision: number,
): Write {
  const { secretHash, previousHash, previousValidUntil } = credential;
  return {
    put: { ...key.credential(partnerId), secretHash, previousHash, previousValidUntil, revision: revision + 1 },
    condition: { expression: "revision = :revision", values: { ":revision": revision } },
    onConditionFailed: () => new ConcurrencyConflict(),
  };
}

export async function findUserState(table: Table, userId: string): Promise<UserState | undefined> {
  const state = await findPrincipal(table, userId);
  return state?.kind === "user" ? state : undefined;
}

export async function findPasswordHash(table: Table, userId: string): Promise<string | undefined> {
  return (await table.get(key.credential(userId)))?.passwordHash;
}

/**
 * Sets a user's password.
 *
 * @param passwordHash of `hashPassword`
 * @param proven the hash that the caller knew the password of: if another one is kept by now, the write is stale
 */
export function passwordReplacement(userId: string, passwordHash: string, proven?: string): Write {
  return {
    update: key.credential(userId),
    set: {
      expression: "SET passwordHash = :passwordHash, revision = revision + :one",
      values: { ":passwordHash": passwordHash, ":one": 1 },
    },
    condition: proven === undefined ? present : { expression: "passwordHash = :proven", values: { ":proven": proven } },
    onConditionFailed: () => new ConcurrencyConflict(),
  };
}

export async function findPublicKeys(table: Table): Promise<readonly PublicKey[]> {
  return ((await table.get(key.signingKeys()))?.keys ?? []) as readonly PublicKey[];
}

export async function publishKeys(table: Table, keys: readonly PublicKey[]): Promise<void> {
  await table.commit([{ put: { ...key.signingKeys(), keys } }]);
}

/** An attempt that has taken its place and will be settled. */
export interface ReservedAttempt {
  readonly kind: string;
  readonly name: string;
  readonly id: string;
}

/**
 * Takes a place for an attempt before it is checked.
 *
 * @param kind what is guessed, `sign-in`
 * @param name whose attempts are counted
 * @throws Problem `too_many_attempts`
 * @throws ConcurrencyConflict when others were faster, or are being checked at this moment
 */
export async function reserveAttempt(
  table: Table,
  kind: string,
  name: string,
  limit: AttemptLimit,
  now: Date,
): Promise<ReservedAttempt> {
  const kept = (await table.get(key.attempts(kind, name))) as (Attempts & { readonly nonce: string }) | undefined;
  const id = randomUUID();
  const decision = decideAttempt(kept, id, limit, now);
  if (decision.kind === "wait") throw new ConcurrencyConflict();
  if (decision.kind === "refuse") {
    const { retryAfterSeconds } = decision;
    throw new Problem("too_many_attempts", "Too many failed attempts. Wait, then try again.", { retryAfterSeconds });
  }
  const ttl = Math.ceil(now.getTime() / 1000) + 2 * limit.windowSeconds;
  await table.commit([
    {
      put: { ...key.attempts(kind, name), ...decision.next, nonce: id, ttl },
      condition: kept === undefined ? absent : { expression: "nonce = :nonce", values: { ":nonce": kept.nonce } },
      onConditionFailed: () => new ConcurrencyConflict(),
    },
  ]);
  return { kind, name, id };
}

/** Settles an attempt: a failure is remembered for as long as the window is, a success leaves nothing. */
export async function settleAttempt(
  table: Table,
  { kind, name, id }: ReservedAttempt,
  outcome: { readonly failed: boolean; readonly now: Date },
): Promise<void> {
  const failure = { ":failure": [Math.floor(outcome.now.getTime() / 1000)] };
  await table
    .update({
      update: key.attempts(kind, name),
      set: {
        // The nonce changes, so that nobody decides on what was before.
        expression: outcome.failed
          ? "SET nonce = :nonce, failures = list_append(failures, :failure) REMOVE pending.#id"
          : "SET nonce = :nonce REMOVE pending.#id",
        names: { "#id": id },
        values: { ":nonce": randomUUID(), ...(outcome.failed && failure) },
      },
      // Settled already, by an update whose answer was lost.
      condition: { expression: "attribute_exists(pending.#id)" },
      onConditionFailed: () => new Settled(),
    })
    .catch((error: unknown) => {
      if (!(error instanceof Settled)) throw error;
    });
}

class Settled extends Error {}
