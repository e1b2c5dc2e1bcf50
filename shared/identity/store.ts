/** Reads and writes of principals, credentials, attempts and signing keys. */
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { roles, type Role } from "../domain/access.ts";
import type { PartnerLimits } from "../domain/limits.ts";
import { notFound, orThrow, revokedMeanwhile } from "../domain/problems.ts";
import type { Change, ConditionalUpdate, Expression, Table, UpdateWrite, Write } from "../runtime/table.ts";
import { all, conflict, present, putAbsent, putUnchanged, updateIf } from "../runtime/writes.ts";
import type { Proof } from "./dpop.ts";
import { identityKey } from "./keys.ts";
import {
  lockMs,
  tokenPolicies,
  type ClientCredential,
  type FailureCount,
  type PartnerState,
  type PasswordCredential,
  type PrincipalState,
  type PublicKey,
  type ReservedAttempt,
  type StoredAttempts,
  type TestClock,
  type TokenPolicy,
  type UsedProof,
  type UserState,
} from "./model.ts";

const commonState = { status: z.enum(["active", "suspended", "deleted"]), version: z.int() };

/** Parsed because a damaged state would decide who gets in: see `docs/decisions/0021-parsed-items.md`. */
const principalStateSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("partner"),
    ...commonState,
    tokenPolicy: z.enum(tokenPolicies),
    dpopBoundAccessTokens: z.boolean().optional(),
    expiryNotice: z.string().optional(),
    limits: z
      .object({ requestsPerSecond: z.int().min(1), burst: z.int().min(1), requestsPerMonth: z.int().min(1) })
      .nullish(),
    testClock: z.object({ time: z.string(), announcedTo: z.string(), movedBy: z.string().optional() }).optional(),
    sandboxId: z.string().optional(),
    tokenIssuedAt: z.string().optional(),
  }),
  z.object({
    kind: z.literal("user"),
    ...commonState,
    role: z.enum(roles),
    sessionsFrom: z.int(),
    keptSession: z.string().optional(),
    keptTokensFrom: z.int().optional(),
    sessionsOpened: z.int().optional(),
    endedSessions: z.record(z.string(), z.number()).optional(),
    secondFactor: z.boolean().optional(),
    passwordIsOneTime: z.boolean().optional(),
  }),
]);

/**
 * The state of a principal; undefined for one that does not exist.
 *
 * @throws Error for a damaged item
 */
export async function findPrincipal(table: Table, id: string): Promise<PrincipalState | undefined> {
  const state = await table.get(identityKey.principal(id));
  return state && principalStateSchema.parse(state);
}

/** The state of a partner with one of the statuses. A deleted one is found only if the caller asks for it. */
export async function findPartnerState(
  table: Table,
  partnerId: string,
  statuses: readonly PrincipalState["status"][] = ["active", "suspended"],
): Promise<PartnerState | undefined> {
  const state = await findPrincipal(table, partnerId);
  return state?.kind === "partner" && statuses.includes(state.status) ? state : undefined;
}

/**
 * Refuses what is decided again for a partner that has been suspended or deleted since the request was let in.
 *
 * @throws Problem `token_revoked`
 */
export async function requireStillActive(table: Table, partnerId: string): Promise<PartnerState> {
  return orThrow((await findPartnerState(table, partnerId, ["active"])) ?? revokedMeanwhile());
}

/** @throws Problem `not_found` for a partner that does not exist */
export async function requirePartner(table: Table, partnerId: string): Promise<void> {
  if ((await findPartnerState(table, partnerId)) === undefined) throw notFound();
}

/** The state of a user, whatever its status. */
export async function findUserState(table: Table, userId: string): Promise<UserState | undefined> {
  const state = await findPrincipal(table, userId);
  return state?.kind === "user" ? state : undefined;
}

/** Creates a principal's state and its credential. */
export function principalCreation(
  id: string,
  state: PrincipalState,
  credential: ClientCredential | PasswordCredential,
): Change {
  return [
    putAbsent(identityKey.principal(id), state),
    putAbsent(identityKey.credential(id), { ...credential, revision: 1 }),
  ];
}

const nextVersion = { expression: "SET version = version + :one", values: { ":one": 1 } };

/** Ends all tokens of a principal: existing ones carry an older version. */
export function tokenRevocation(id: string): Write {
  return updateIf(identityKey.principal(id), present, nextVersion);
}

/** What of a partner its requests depend on. */
export interface PartnerSettings {
  readonly status: "active" | "suspended";
  readonly tokenPolicy: TokenPolicy;
  readonly dpopBoundAccessTokens?: boolean | undefined;
  readonly expiryNotice?: string | undefined;
  readonly limits?: PartnerLimits | null | undefined;
  /** Null takes it away. */
  readonly sandboxId?: string | null | undefined;
}

/** Changes what a partner's requests depend on, and ends its tokens if asked. */
export function partnerStateChange(
  id: string,
  { status, tokenPolicy, dpopBoundAccessTokens = false, expiryNotice, limits, sandboxId }: PartnerSettings,
  { endsTokens }: { readonly endsTokens: boolean },
): Write {
  const rules = "#status = :status, tokenPolicy = :tokenPolicy, dpopBoundAccessTokens = :bound";
  const notice = expiryNotice === undefined ? "" : ", expiryNotice = :expiryNotice";
  const calls = limits === undefined ? "" : ", limits = :limits";
  const sandbox = typeof sandboxId === "string" ? ", sandboxId = :sandboxId" : "";
  const noSandbox = sandboxId === null ? " REMOVE sandboxId" : "";
  return updateIf(identityKey.principal(id), present, {
    expression: `SET ${rules}${notice}${calls}${sandbox}, version = version + :step${noSandbox}`,
    names: { "#status": "status" },
    values: {
      ":status": status,
      ":tokenPolicy": tokenPolicy,
      ":bound": dpopBoundAccessTokens,
      ...(expiryNotice !== undefined && { ":expiryNotice": expiryNotice }),
      ...(limits !== undefined && { ":limits": limits }),
      ...(typeof sandboxId === "string" && { ":sandboxId": sandboxId }),
      ":step": endsTokens ? 1 : 0,
    },
  });
}

/** Changes a user's status and role and ends its access tokens. A suspension ends its sessions as well. */
export function userStateChange(
  id: string,
  { status, role }: { readonly status: "active" | "suspended"; readonly role: Role },
): Write {
  const change = "SET #status = :status, #role = :role, version = version + :one";
  const endsSessions = ", sessionsFrom = version + :one REMOVE keptSession, keptTokensFrom";
  return updateIf(identityKey.principal(id), present, {
    expression: status === "suspended" ? `${change}${endsSessions}` : `${change} REMOVE keptTokensFrom`,
    names: { "#status": "status", "#role": "role" },
    values: { ":status": status, ":role": role, ":one": 1 },
  });
}

const isActive: Expression = {
  expression: "#status = :active",
  names: { "#status": "status" },
  values: { ":active": "active" },
};

/**
 * Raises the token version of a partner with the policy `single`, which ends its previous token. The update is atomic: each of
 * several parallel issues gets its own version, and only the highest stays valid.
 *
 * @param isBound whether the new token is bound to a key: another one is refused as soon as the partner requires it
 */
export function nextTokenVersion(
  id: string,
  { isBound, now }: { readonly isBound: boolean; readonly now: Date },
): UpdateWrite<PrincipalState> {
  const single = { expression: "tokenPolicy = :single", values: { ":single": "single" } };
  const mayBeUnbound = {
    expression: "attribute_not_exists(dpopBoundAccessTokens) OR dpopBoundAccessTokens = :no",
    values: { ":no": false },
  };
  const conditions = isBound ? [isActive, single] : [isActive, single, mayBeUnbound];
  return updateIf(identityKey.principal(id), all(...conditions), {
    expression: `${nextVersion.expression}, tokenIssuedAt = :issuedAt`,
    values: { ...nextVersion.values, ":issuedAt": now.toISOString() },
  });
}

/** Holds while a sandbox exists and its test clock is as it was read. What is left of a sandbox that has ended is removed. */
export function whileClockStands(partnerId: string, clock: Date): Write {
  const exists = {
    expression: "#status <> :deleted",
    names: { "#status": "status" },
    values: { ":deleted": "deleted" },
  };
  return {
    check: identityKey.principal(partnerId),
    condition: all(exists, clockStands(clock.toISOString())),
    onConditionFailed: conflict,
  };
}

function clockStands(time: string): Expression {
  return { expression: "testClock.#time = :clock", names: { "#time": "time" }, values: { ":clock": time } };
}

/** Replaces the test clock of a sandbox that still shows the time that was read. */
export function testClockChange(partnerId: string, before: TestClock, after: TestClock): ConditionalUpdate {
  return updateIf(identityKey.principal(partnerId), clockStands(before.time), {
    expression: "SET testClock = :after",
    values: { ":after": after },
  });
}

/**
 * Takes the lock of a partner's deletion, so that only one runs. It expires by itself, so a crash leaves nothing locked, and it
 * outlasts the function that took it, so the deletion cannot be committed after it has expired.
 */
export function deletionLock(partnerId: string, now: Date): Change {
  const notLocked = {
    expression: "attribute_not_exists(deletionUntil) OR deletionUntil < :lockedUntil",
    values: { ":lockedUntil": now.toISOString() },
  };
  return [
    updateIf(identityKey.principal(partnerId), all(present, notLocked), {
      expression: "SET deletionUntil = :until",
      values: { ":until": new Date(now.getTime() + lockMs).toISOString() },
    }),
  ];
}

/** Releases the lock of a deletion that is given up. */
export function deletionUnlock(partnerId: string): Change {
  return [updateIf(identityKey.principal(partnerId), present, { expression: "REMOVE deletionUntil" })];
}

/** Ends a principal. Its state stays as `deleted` until everything that it leaves behind has been removed. */
export function principalDeletion(id: string): Change {
  const deleted = {
    expression: "SET #status = :deleted",
    names: { "#status": "status" },
    values: { ":deleted": "deleted" },
  };
  return [updateIf(identityKey.principal(id), present, deleted), { delete: identityKey.credential(id) }];
}

/** Removes the state of a principal that has ended. */
export function principalRemoval(id: string): Change {
  return [{ delete: identityKey.principal(id) }];
}

export interface Revised<Value> {
  readonly value: Value;
  readonly revision: number;
}

/** The credential of a partner, with its revision. */
export async function findClientCredential(
  table: Table,
  partnerId: string,
): Promise<Revised<ClientCredential> | undefined> {
  const stored = await table.get(identityKey.credential(partnerId));
  return stored !== undefined && "secretHash" in stored ? { value: stored, revision: stored.revision } : undefined;
}

/** Replaces a partner's credential that still has the revision that was read. */
export function clientCredentialReplacement(
  partnerId: string,
  credential: Required<ClientCredential>,
  revision: number,
): Write {
  const { secretHash, issuedAt, previousHash, previousValidUntil } = credential;
  const next = { secretHash, issuedAt, previousHash, previousValidUntil, revision: revision + 1 };
  return putUnchanged(identityKey.credential(partnerId), next, revision);
}

export async function findPasswordHash(table: Table, userId: string): Promise<string | undefined> {
  const stored = await table.get(identityKey.credential(userId));
  return stored !== undefined && "passwordHash" in stored ? stored.passwordHash : undefined;
}

/**
 * Sets a user's password.
 *
 * @param passwordHash of `hashPassword`
 * @param proven the hash whose password the caller knew: a different stored one is an optimistic-concurrency conflict
 */
export function passwordReplacement(userId: string, passwordHash: string, proven?: string): Write {
  const condition =
    proven === undefined ? present : { expression: "passwordHash = :proven", values: { ":proven": proven } };
  return updateIf(identityKey.credential(userId), condition, {
    expression: "SET passwordHash = :passwordHash, revision = revision + :one",
    values: { ":passwordHash": passwordHash, ":one": 1 },
  });
}

/** Thrown for a proof that was used before. */
export class ProofReplayed extends Error {}

/**
 * Marks a proof as used, once. An update that repeats the same use succeeds, so an attempt whose answer was lost is no replay.
 *
 * @param onReplay the meaning of a proof that was used before
 */
export function proofUse(
  { thumbprint, id, use, forgottenFrom }: Proof,
  onReplay: () => Error = () => new ProofReplayed(),
): UpdateWrite<UsedProof> & Write {
  return {
    update: identityKey.usedProof(thumbprint, id),
    set: {
      expression: "SET #use = :use, #ttl = :ttl",
      names: { "#use": "use", "#ttl": "ttl" },
      values: { ":use": use, ":ttl": forgottenFrom },
    },
    condition: { expression: "attribute_not_exists(pk) OR #use = :use" },
    onConditionFailed: onReplay,
  };
}

export async function findPublicKeys(table: Table): Promise<readonly PublicKey[]> {
  return (await table.get(identityKey.signingKeys()))?.keys ?? [];
}

/** Publishes the public halves of the signing keys. */
export function keyPublication(keys: readonly PublicKey[]): Change {
  return [{ put: { ...identityKey.signingKeys(), keys } }];
}

export async function findAttempts(table: Table, kind: string, name: string): Promise<StoredAttempts | undefined> {
  return await table.get(identityKey.attempts(kind, name));
}

/** Reserves a slot for an attempt, unless the attempts of the name have changed since they were read. */
export function attemptReservation(
  { kind, name, id }: ReservedAttempt,
  before: StoredAttempts | undefined,
  next: Omit<StoredAttempts, "nonce">,
): Write {
  const key = identityKey.attempts(kind, name);
  const item = { ...next, nonce: id };
  if (before === undefined) return putAbsent(key, item);
  const sameNonce = { expression: "nonce = :nonce", values: { ":nonce": before.nonce } };
  return { put: { ...key, ...item }, condition: sameNonce, onConditionFailed: conflict };
}

/** Counts a failure in its window of time. @param ttl when DynamoDB may delete the count, in seconds of the epoch */
export function failureIncrement(kind: string, name: string, window: number, ttl: number): UpdateWrite<FailureCount> {
  return {
    update: identityKey.failures(kind, name, window),
    set: {
      expression: "ADD failed :one SET #ttl = :ttl",
      names: { "#ttl": "ttl" },
      values: { ":one": 1, ":ttl": ttl },
    },
  };
}

/** Forgets the attempts of a name. Those that are being checked become no failures. */
export function attemptsRemoval(kind: string, name: string): Write {
  return { delete: identityKey.attempts(kind, name) };
}

/** Thrown when an attempt was settled before, by an update whose answer was lost, or was forgotten meanwhile. */
export class AttemptSettled extends Error {}

/** Releases the slot of an attempt and keeps its time if it failed. */
export function attemptSettlement(
  { kind, name, id, source }: ReservedAttempt,
  { failed, now }: { readonly failed: boolean; readonly now: Date },
): UpdateWrite {
  const at = Math.floor(now.getTime() / 1000);
  const failure = { ":failure": [{ at, ...(source !== undefined && { source }) }] };
  return {
    update: identityKey.attempts(kind, name),
    set: {
      // A new nonce makes every decision on the previous attempts a conflict.
      expression: failed
        ? "SET nonce = :nonce, failures = list_append(failures, :failure) REMOVE pending.#id"
        : "SET nonce = :nonce REMOVE pending.#id",
      names: { "#id": id },
      values: { ":nonce": randomUUID(), ...(failed && failure) },
    },
    condition: { expression: "attribute_exists(pending.#id)" },
    onConditionFailed: () => new AttemptSettled(),
  };
}
