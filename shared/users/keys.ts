/** Keys of users, their names, their place in the list and the movements of their credit. */
import { hashed, padded, type IndexKey, type Key } from "../runtime/key.ts";
import { sortedPlace } from "../runtime/search.ts";
import { normalizeUsername, type CreditMovement, type StoredUser } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const userPartitions = {
  externalSubjects: "EXTERNAL-SUBJECT#*",
  exchangedTokens: "EXCHANGED-TOKEN#*",
  usernames: "USERNAME#*",
  users: "USER#*",
  userPlaces: "USERS",
  deletedUsers: "DELETED-USERS",
  creditMovements: "CREDIT#*",
  /** In the index only. */
  usersByUsername: "USERS#BY-USERNAME",
  usersByName: "USERS#BY-NAME",
} as const;

/** The place of a username in the index, for searches. */
export function placeByUsername(username: string): IndexKey {
  return { gsi1pk: userPartitions.usersByUsername, gsi1sk: normalizeUsername(username) };
}

/** The place of a user's name in the index, for searches. Several users may have the same name. */
export function placeByName({ id, name }: Pick<StoredUser, "id" | "name">): IndexKey {
  return { gsi1pk: userPartitions.usersByName, gsi1sk: sortedPlace(name, id) };
}

/** An item that points to a user. */
export interface UserPointer {
  readonly userId: string;
}

export const userKey = {
  user: (userId: string): Key<StoredUser> => ({ pk: `USER#${userId}`, sk: "USER" }),
  /** Reserves a username for ever. Upper and lower case are the same name. That of a deleted user points to nobody. */
  username: (username: string): Key<Partial<UserPointer>> => ({
    pk: `USERNAME#${normalizeUsername(username)}`,
    sk: "USERNAME",
  }),
  /** The user that a subject of an external identity provider is. */
  externalSubject: (issuer: string, subject: string): Key<UserPointer> => ({
    pk: `EXTERNAL-SUBJECT#${hashed(JSON.stringify([issuer, subject]))}`,
    sk: "EXTERNAL-SUBJECT",
  }),
  /** A token of an identity provider that was exchanged, until it has expired. */
  exchangedToken: (issuer: string, tokenId: string): Key<{ readonly ttl: number }> => ({
    pk: `EXCHANGED-TOKEN#${hashed(JSON.stringify([issuer, tokenId]))}`,
    sk: "EXCHANGED-TOKEN",
  }),
  /** A user's place in the list of all: apart from the profile, so that no movement of credit writes to a shared partition. */
  userPlace: (userId: string): Key<object> => ({ pk: "USERS", sk: userId }),
  /** A deleted user's place: the ledger and the redemptions of the user stay, and the check of the ledger finds them here. */
  deletedUserPlace: (userId: string): Key<object> => ({ pk: "DELETED-USERS", sk: userId }),
  /** Movements sort by their number, from 1: the order of the commits, whatever the clocks say. */
  creditMovement: (userId: string, number: number): Key<CreditMovement> => ({
    pk: `CREDIT#${userId}`,
    sk: padded(number),
  }),
} as const;
