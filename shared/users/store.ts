/** Reads and writes of users: the profile, its place in the list, what points to it, and the ledger of its credit. */
import { notFound, orThrow, Problem } from "../domain/problems.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { ExternalIdentity } from "../identity/external-identity.ts";
import { identityKey } from "../identity/keys.ts";
import { passwordLinkRemoval } from "../identity/password-link-store.ts";
import { principalCreation, principalDeletion, userStateChange } from "../identity/store.ts";
import type { Partition } from "../runtime/key.ts";
import type { Change, Item, PageRequest, Table, Write } from "../runtime/table.ts";
import { beginningWith, pageOfMatches, searchForm, type PagedSource } from "../runtime/search.ts";
import { all, conflict, deleteUnchanged, placeIfNone, putAbsent, putUnchanged, unchanged } from "../runtime/writes.ts";
import { placeByName, placeByUsername, userKey, userPartitions, type UserPointer } from "./keys.ts";
import { normalizeUsername, type CreditMovement, type StoredUser } from "./model.ts";
import { endsTokens, moveCredit, openingMovement, type CreditCause } from "./rules.ts";

export async function findUser(table: Table, userId: string): Promise<StoredUser | undefined> {
  return await table.get(userKey.user(userId));
}

/** The user. @throws Problem `not_found` */
export async function readUser(table: Table, userId: string): Promise<StoredUser> {
  return orThrow((await findUser(table, userId)) ?? notFound());
}

/** Whether the user existed and was deleted. */
export async function isDeletedUser(table: Table, userId: string): Promise<boolean> {
  return (await table.get(userKey.deletedUserPlace(userId))) !== undefined;
}

/** The id that a username belongs to, in any case; undefined for a deleted user. */
export async function findUserId(table: Table, username: string): Promise<string | undefined> {
  return (await table.get(userKey.username(username)))?.userId;
}

/** The ids that usernames belong to, in their order; undefined for deleted users. */
export async function findUserIds(
  table: Table,
  usernames: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const pointers = await table.getAll(usernames.map((username) => userKey.username(username)));
  return pointers.map((pointer) => pointer?.userId);
}

/** Users by their ids, without those that were deleted. */
export async function findUsers(table: Table, userIds: readonly string[]): Promise<ReadonlyMap<string, StoredUser>> {
  const users = await table.getAll(userIds.map(userKey.user));
  return new Map(users.flatMap((user) => (user === undefined ? [] : [[user.id, user]])));
}

/** The id of the user that an external identity belongs to. */
export async function findExternalUserId(
  table: Table,
  { issuer, subject }: ExternalIdentity,
): Promise<string | undefined> {
  return (await table.get(userKey.externalSubject(issuer, subject)))?.userId;
}

interface UserPage {
  readonly users: readonly StoredUser[];
  readonly lastKey: string | undefined;
}

/** A page of users, newest first. */
export async function listUsers(table: Table, page: PageRequest): Promise<UserPage> {
  const { sortKeys: ids, lastKey } = await table.query({ partition: userKey.userPlace(""), descending: true, ...page });
  return { users: await usersInOrder(table, ids), lastKey };
}

/** A page of all users in the order of their usernames or of their names, from the index. */
export async function sortUsers(table: Table, by: "username" | "name", page: PageRequest): Promise<UserPage> {
  const { items: ids, lastKey } = await (by === "username" ? byUsername(table, "") : byName(table, ""))(page);
  return { users: await usersInOrder(table, ids), lastKey };
}

/**
 * A page of the users whose username begins with a text, and behind them those whose name does. A text that begins like an id is
 * compared with ids.
 */
export async function searchUsers(table: Table, text: string, page: PageRequest): Promise<UserPage> {
  if (text.startsWith("usr_")) {
    const { sortKeys: ids, lastKey } = await table.query({
      partition: userKey.userPlace(""),
      ...beginningWith(text),
      ...page,
    });
    return { users: await usersInOrder(table, ids), lastKey };
  }
  const username = normalizeUsername(text);
  const { items, lastKey } = await pageOfMatches([byUsername(table, username), byName(table, searchForm(text))], page);
  const users = await findUsers(
    table,
    items.map(({ id }) => id),
  );
  const isRepeated = (user: StoredUser, list: number) =>
    list > 0 && normalizeUsername(user.username).startsWith(username);
  const found = items.flatMap(({ id, list }) => {
    const user = users.get(id);
    return user === undefined || isRepeated(user, list) ? [] : [user];
  });
  return { users: found, lastKey };
}

/** The ids of the users whose username begins with a text. */
function byUsername(table: Table, text: string): PagedSource<string> {
  return async (page) => {
    const partition = { pk: userPartitions.usersByUsername } as Partition<Partial<UserPointer>>;
    const { items, lastKey } = await table.query({ partition, index: "gsi1", ...beginningWith(text), ...page });
    return { items: items.flatMap(({ userId }) => userId ?? []), lastKey };
  };
}

const idLength = 30;

/** The ids of the users whose name begins with a text: they are at the end of the keys. */
function byName(table: Table, text: string): PagedSource<string> {
  return async (page) => {
    const partition = { pk: userPartitions.usersByName };
    const { sortKeys, lastKey } = await table.query({ partition, index: "gsi1", ...beginningWith(text), ...page });
    return { items: sortKeys.map((key) => key.slice(-idLength)), lastKey };
  };
}

async function usersInOrder(table: Table, ids: readonly string[]): Promise<readonly StoredUser[]> {
  const found = await findUsers(table, ids);
  return ids.flatMap((id) => found.get(id) ?? []);
}

/**
 * Creates a user. Refused with `username_taken` if the name belongs to anyone, or did.
 *
 * @param passwordHash of `hashPassword`; undefined for a user that signs in elsewhere
 * @param options whether somebody else chose the password, so that its owner has to change it; the administrator who creates it
 */
export function userCreation(
  user: StoredUser,
  passwordHash: string | undefined,
  { passwordIsOneTime = false, by }: { readonly passwordIsOneTime?: boolean; readonly by?: string } = {},
): Change {
  const { id, username, status, role } = user;
  const opening = openingMovement(user, by);
  const oneTime = passwordIsOneTime ? { passwordIsOneTime } : {};
  const state = { kind: "user", status, role, version: 1, sessionsFrom: 1, ...oneTime } as const;
  return [
    putAbsent(
      userKey.username(username),
      { userId: id },
      { index: placeByUsername(username), onExisting: usernameTaken },
    ),
    putAbsent(userKey.user(id), user),
    putAbsent(userKey.userPlace(id), {}, { index: placeByName(user) }),
    ...principalCreation(id, state, { passwordHash }),
    ...(opening === undefined ? [] : [movementEntry(user, opening)]),
  ];
}

/** Only administrators create users with a name of their choice, so the answer may tell them why it is taken. */
function usernameTaken(existing: Item | undefined): Problem {
  const detail =
    existing?.["userId"] === undefined
      ? "The username belonged to a user who was deleted. It stays taken, so that nobody can pose as that person."
      : "The username belongs to another user.";
  return new Problem("username_taken", detail);
}

/** Creates a user for an external identity. Of parallel creations for one subject, only one succeeds. */
export function externalUserCreation(user: StoredUser, { issuer, subject }: ExternalIdentity): Change {
  return [putAbsent(userKey.externalSubject(issuer, subject), { userId: user.id }), ...userCreation(user, undefined)];
}

/** Whether a token of the provider was exchanged before. */
export async function isExchanged(table: Table, { issuer, token }: ExternalIdentity): Promise<boolean> {
  return (await table.get(userKey.exchangedToken(issuer, token.id))) !== undefined;
}

/** Remembers that a token of the provider was exchanged, until its age alone refuses it. Of parallel exchanges, one succeeds. */
export function tokenExchange({ issuer, token }: ExternalIdentity): Write {
  return putAbsent(userKey.exchangedToken(issuer, token.id), { ttl: token.refusedFrom });
}

export function userChange(before: StoredUser, after: StoredUser): Change {
  if (after.revision === before.revision) return [];
  return [
    putUnchanged(userKey.user(after.id), after, before.revision),
    ...(before.name === after.name ? [] : [{ put: { ...userKey.userPlace(after.id), ...placeByName(after) } }]),
    ...(endsTokens(before, after) ? [userStateChange(after.id, after)] : []),
  ];
}

/**
 * Moves a user's credit and adds the movement to the ledger. Refused with `credit_insufficient` if the balance would fall
 * below zero; a change of the user since it was read is an optimistic-concurrency conflict.
 */
export function creditChange(
  before: StoredUser,
  cause: CreditCause,
  now: Date,
): { readonly movement: CreditMovement; readonly change: Change } {
  const { user: after, movement } = moveCredit(before, cause, now);
  const sufficient = { expression: "credit >= :taken", values: { ":taken": -cause.amount } };
  const change: Change = [
    {
      put: { ...userKey.user(after.id), ...after },
      condition: all(unchanged(before.revision), sufficient),
      onConditionFailed: (existing) =>
        existing?.revision === before.revision
          ? new Problem("credit_insufficient", "The credit is not sufficient. It never falls below zero.")
          : new ConcurrencyConflict(),
    },
    movementEntry(after, movement),
  ];
  return { movement, change };
}

function movementEntry(user: StoredUser, movement: CreditMovement): Write {
  return putAbsent(userKey.creditMovement(user.id, user.movements), movement);
}

/** A page of a user's ledger, newest first. */
export async function listMovements(
  table: Table,
  userId: string,
  page: PageRequest,
): Promise<{ readonly movements: readonly CreditMovement[]; readonly lastKey: string | undefined }> {
  const partition = userKey.creditMovement(userId, 0);
  const { items, lastKey } = await table.query({ partition, descending: true, ...page });
  return { movements: items, lastKey };
}

/**
 * Deletes a user that has not changed since it was read. The username stays taken, but nothing connects it to the id any more
 * that messages and the ledger keep.
 */
export function userDeletion(user: StoredUser): Change {
  return [
    deleteUnchanged(userKey.user(user.id), user.revision),
    { put: userKey.username(user.username) },
    { delete: userKey.userPlace(user.id) },
    putAbsent(userKey.deletedUserPlace(user.id), {}),
    ...principalDeletion(user.id),
    { delete: identityKey.secondFactor(user.id) },
    passwordLinkRemoval(user.id),
  ];
}

/** The changes that give a user of an earlier release its places in the index. A user that changes meanwhile gets them then. */
export async function userSearchUpdates(table: Table, userId: string): Promise<readonly Change[]> {
  const user = await findUser(table, userId);
  if (user === undefined) return [];
  const isUnchanged = { check: userKey.user(userId), condition: unchanged(user.revision), onConditionFailed: conflict };
  return [
    [isUnchanged, placeIfNone(userKey.username(user.username), placeByUsername(user.username))],
    [isUnchanged, placeIfNone(userKey.userPlace(userId), placeByName(user))],
  ];
}
