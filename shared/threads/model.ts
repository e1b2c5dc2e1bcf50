/** Threads and messages as they are kept, with their limits. */
import { normalizeUsername, type StoredUser } from "../users/model.ts";

/** A thread, which never changes. It names users by their ids. */
export interface Thread {
  readonly id: string;
  readonly createdBy: string;
  readonly participants: readonly string[];
  /** RFC 3339 in UTC. */
  readonly createdAt: string;
}

/** Number and time of the last message of a thread. */
export interface LastMessage {
  readonly sequence: number;
  /** RFC 3339 in UTC. */
  readonly createdAt: string;
}

export interface Message extends LastMessage {
  readonly id: string;
  /** Id of a participant. */
  readonly sender: string;
  /** In NFC. */
  readonly text: string;
}

/** A thread with its last message, which is undefined before the first. */
export interface Conversation {
  readonly thread: Thread;
  readonly last: LastMessage | undefined;
}

/** Users by their ids. */
export type UsersById = ReadonlyMap<string, StoredUser>;

/** The maximum number of participants of a thread, its creator included. */
export const maxParticipants = 100;

/** Lengths of a message in code points after NFC. */
export const minMessageLength = 2;
export const maxMessageLength = 280;

/** The indices of usernames that occur earlier in the list; letter case does not matter. */
export function duplicatesIn(usernames: readonly string[]): readonly number[] {
  const seen = new Set<string>();
  return usernames.flatMap((username, index) => {
    const distinct = seen.size;
    return seen.add(normalizeUsername(username)).size === distinct ? [index] : [];
  });
}
