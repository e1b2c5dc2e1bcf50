/** Items of users: the profile, and the username that points to it. */
import { principalCreation } from "../identity/store.ts";
import { etagOf } from "../api/etag.ts";
import { absent } from "../table/conditions.ts";
import { key } from "../table/keys.ts";
import { Stale } from "../stale.ts";
import type { Change, Table } from "../table/table.ts";
import type { User } from "./contract.ts";

/** A user as it is kept. */
export type StoredUser = Omit<User, "etag"> & { readonly revision: number };

export async function findUser(table: Table, userId: string): Promise<StoredUser | undefined> {
  const item = await table.get(key.user(userId));
  if (item === undefined) return undefined;
  const { pk: _pk, sk: _sk, gsi1pk: _gsi1pk, gsi1sk: _gsi1sk, ...user } = item;
  return user as StoredUser;
}

/** The id behind a username, whose case does not matter. */
export async function findUserId(table: Table, username: string): Promise<string | undefined> {
  return (await table.get(key.username(username.toLowerCase())))?.userId;
}

/** The writes of a new user. @param passwordHash of `hashPassword` */
export function userCreation(user: StoredUser, passwordHash: string): Change {
  const { id, status, role } = user;
  return [
    {
      put: { ...key.username(user.username.toLowerCase()), userId: id },
      condition: absent,
      otherwise: () => new Stale(),
    },
    { put: { ...key.user(id), ...user, gsi1pk: "USERS", gsi1sk: id }, condition: absent },
    ...principalCreation(id, { kind: "user", status, role, version: 1 }, { passwordHash }),
  ];
}

/** A user as callers see it. */
export function viewUser(user: StoredUser): User {
  const { id, username, name, role, status, credit, birthDate, sex, createdAt, updatedAt, revision } = user;
  return { id, username, name, role, status, credit, birthDate, sex, createdAt, updatedAt, etag: etagOf(revision) };
}
