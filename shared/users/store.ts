/** Items of users: the profile, the username that points to it, and the external subject that does. */
import { etagOf } from "../domain/etag.ts";
import { orThrow, notFound, Problem } from "../domain/problems.ts";
import type { ExternalIdentity } from "../identity/external-identity.ts";
import { principalCreation, principalDeletion, userStateChange } from "../identity/store.ts";
import { absent, all, unchanged } from "../runtime/writes.ts";
import { key } from "../runtime/key.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Change, Item, Table, Write } from "../runtime/table.ts";
import type { CreditMovement, User } from "./contract.ts";
import {
  endsTokens,
  moveCredit,
  normalizeUsername,
  openingMovement,
  type CreditCause,
  type StoredUser,
} from "./rules.ts";

export async function findUser(table: Table, userId: string): Promise<StoredUser | undefined> {
  const item = await table.get(key.user(userId));
  return item && fromItem(item);
}

/** The user. @throws Problem `not_found` */
export async function readUser(table: Table, userId: string): Promise<StoredUser> {
  return orThrow((await findUser(table, userId)) ?? notFound());
}

/** The id behind a username, whose case does not matter; also of a user that was deleted. */
export async function findUserId(table: Table, username: string): Promise<string | undefined> {
  return (await table.get(key.username(normalizeUsername(username))))?.userId;
}

/** The ids behind usernames, in their order; of users that were deleted as well. */
export async function findUserIds(
  table: Table,
  usernames: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const items = await table.getAll(usernames.map((username) => key.username(normalizeUsername(username))));
  return items.map((item) => item?.userId as string | undefined);
}

/** Users by their ids; one that was deleted is not among them. */
export async function findUsers(table: Table, userIds: readonly string[]): Promise<ReadonlyMap<string, StoredUser>> {
  const items = await table.getAll(userIds.map(key.user));
  return new Map(items.flatMap((item) => (item === undefined ? [] : [[item.id as string, fromItem(item)]])));
}

/** The id of the user that an external identity is. */
export async function findExternalUserId(
  table: Table,
  { issuer, subject }: ExternalIdentity,
): Promise<string | undefined> {
  return (await table.get(key.externalSubject(issuer, subject)))?.userId;
}

/** A page of users, newest first. */
export async function listUsers(
  table: Table,
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<{ readonly users: readonly StoredUser[]; readonly lastKey: string | undefined }> {
  const { items, lastKey } = await table.query({ pk: key.userPlace("").pk, descending: true, ...page });
  const ids = items.map(({ sk }) => sk as string);
  const found = await findUsers(table, ids);
  return { users: ids.flatMap((id) => found.get(id) ?? []), lastKey };
}

/**
 * The writes of a new user. Refused with `username_taken` if the name belongs to anyone or did.
 *
 * @param passwordHash of `hashPassword`; undefined for a user that signs in elsewhere
 */
export function userCreation(user: StoredUser, passwordHash: string | undefined): Change {
  const { id, username, status, role } = user;
  const opening = openingMovement(user);
  return [
    {
      put: { ...key.username(normalizeUsername(username)), userId: id },
      condition: absent,
      onConditionFailed: () => new Problem("username_taken", "This username belongs to another user, or did once."),
    },
    { put: toItem(user), condition: absent },
    { put: key.userPlace(id), condition: absent },
    ...principalCreation(id, { kind: "user", status, role, version: 1, sessionsFrom: 1 }, { passwordHash }),
    ...(opening === undefined ? [] : [movementEntry(user, opening)]),
  ];
}

/** Binds a new user to an external identity; whoever is first creates the user. */
export function externalUserCreation(user: StoredUser, { issuer, subject }: ExternalIdentity): Change {
  return [
    {
      put: { ...key.externalSubject(issuer, subject), userId: user.id },
      condition: absent,
      onConditionFailed: () => new ConcurrencyConflict(),
    },
    ...userCreation(user, undefined),
  ];
}

export function userChange(before: StoredUser, after: StoredUser): Change {
  if (after.revision === before.revision) return [];
  return [
    { put: toItem(after), condition: unchanged(before.revision), onConditionFailed: () => new ConcurrencyConflict() },
    ...(endsTokens(before, after) ? [userStateChange(after.id, after)] : []),
  ];
}

/**
 * Moves a user's credit, with the line in the ledger; refused with `credit_insufficient` where the balance would fall below
 * zero, and stale if the user has changed since it was read.
 */
export function creditChange(
  before: StoredUser,
  cause: CreditCause,
  now: Date,
): { readonly movement: CreditMovement; readonly change: Change } {
  const { user: after, movement } = moveCredit(before, cause, now);
  const change: Change = [
    {
      put: toItem(after),
      condition: all(unchanged(before.revision), {
        expression: "credit >= :taken",
        values: { ":taken": -cause.amount },
      }),
      onConditionFailed: (existing) =>
        existing?.revision === before.revision
          ? new Problem("credit_insufficient", "The credit is not enough: it never falls below zero.")
          : new ConcurrencyConflict(),
    },
    movementEntry(after, movement),
  ];
  return { movement, change };
}

function movementEntry(user: StoredUser, movement: CreditMovement): Write {
  return {
    put: { ...key.creditMovement(user.id, user.movements), ...movement },
    condition: absent,
    onConditionFailed: () => new ConcurrencyConflict(),
  };
}

/** A page of a user's ledger, newest first. */
export async function listMovements(
  table: Table,
  userId: string,
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<{ readonly movements: readonly CreditMovement[]; readonly lastKey: string | undefined }> {
  const { items, lastKey } = await table.query({ pk: key.creditMovement(userId, 0).pk, descending: true, ...page });
  return { movements: items.map(viewMovement), lastKey };
}

function viewMovement(item: Item): CreditMovement {
  const { id, amount, balance, reason, redemptionId, at } = item as unknown as CreditMovement;
  return { id, amount, balance, reason, redemptionId, at };
}

/** Ends a user, unless it has changed since it was read. The username stays taken. */
export function userDeletion(user: StoredUser): Change {
  return [
    {
      delete: key.user(user.id),
      condition: unchanged(user.revision),
      onConditionFailed: () => new ConcurrencyConflict(),
    },
    { delete: key.userPlace(user.id) },
    ...principalDeletion(user.id),
  ];
}

function toItem(user: StoredUser) {
  return { ...key.user(user.id), ...user };
}

function fromItem({ pk: _pk, sk: _sk, ...user }: Item): StoredUser {
  return user as StoredUser;
}

/** A user as callers see it. */
export function viewUser(user: StoredUser): User {
  const { id, username, name, role, status, credit, birthDate, sex, createdAt, updatedAt, revision } = user;
  return { id, username, name, role, status, credit, birthDate, sex, createdAt, updatedAt, etag: etagOf(revision) };
}
