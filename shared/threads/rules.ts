/** Who talks to whom, and in which order. Pure: no AWS, no HTTP, and the time is an argument. */
import { invalid, notFound, Problem, revokedMeanwhile, type FieldError } from "../domain/problems.ts";
import { newId } from "../domain/ids.ts";
import { normalizeUsername, type StoredUser } from "../users/rules.ts";

/** How many people a thread has at the most, its creator included. */
export const maxParticipants = 100;

/** A thread as it was begun: nothing of it ever changes. People are named by their ids. */
export interface Thread {
  readonly id: string;
  readonly createdBy: string;
  readonly participants: readonly string[];
  readonly createdAt: Date;
}

/** Number and time of the last message of a thread. */
export interface LastMessage {
  readonly sequence: number;
  readonly createdAt: Date;
}

export interface Message extends LastMessage {
  readonly id: string;
  /** Id of a participant. */
  readonly sender: string;
  /** In NFC. */
  readonly text: string;
}

/** A thread and how far it has come; without a last message before the first. */
export interface Conversation {
  readonly thread: Thread;
  readonly last: LastMessage | undefined;
}

/** Someone whom a creator names, and who that is; nobody for an unknown name, and for a user that was deleted. */
export interface Candidate {
  readonly username: string;
  readonly user: StoredUser | undefined;
}

/** The places of usernames that are there once before already; letter case is no part of a name. */
export function repetitionsOf(usernames: readonly string[]): readonly number[] {
  const seen = new Set<string>();
  return usernames.flatMap((username, index) => {
    const distinct = seen.size;
    return seen.add(normalizeUsername(username)).size === distinct ? [index] : [];
  });
}

/**
 * A new thread of the creator and those it names, in the order in which they are named; a creator that does not name itself
 * comes first.
 *
 * @param creator as it is kept now; undefined if it was deleted after it was let in
 * @param named no name twice
 */
export function begin(creator: StoredUser | undefined, named: readonly Candidate[], now: Date): Thread | Problem {
  if (creator?.status !== "active") return revokedMeanwhile();
  const namesItself = named.some(({ user }) => user?.id === creator.id);
  const size = named.length + (namesItself ? 0 : 1);
  if (size < 2) return participantsInvalid("must name somebody else than you");
  if (size > maxParticipants) return participantsInvalid(`must be at most ${maxParticipants} together with you`);
  const participants = named.flatMap(({ user }) => (user?.status === "active" ? [user.id] : []));
  if (participants.length < named.length) return participantsUnknown(named);
  return {
    id: newId("thr_", now),
    createdBy: creator.id,
    participants: namesItself ? participants : [creator.id, ...participants],
    createdAt: now,
  };
}

function participantsInvalid(detail: string): Problem {
  return invalid({ pointer: "/participants", detail });
}

function participantsUnknown(named: readonly Candidate[]): Problem {
  const unknown = named.flatMap(({ username, user }, index) =>
    user?.status === "active" ? [] : [{ username, index }],
  );
  const errors = unknown.map(({ username, index }): FieldError => ({
    pointer: `/participants/${index}`,
    detail: `${username} is no active user`,
  }));
  const names = unknown.map(({ username }) => username).join(", ");
  return new Problem("participants_unknown", `These are no active users: ${names}.`, { errors });
}

/** The thread as a user sees it: to others than its participants it does not exist. */
export function seenBy(thread: Thread | undefined, userId: string): Thread | Problem {
  return thread?.participants.includes(userId) === true ? thread : notFound();
}

/**
 * The next message of a thread.
 *
 * @param sender as it is kept now; undefined if it was deleted after it was let in
 * @param text in NFC
 */
export function post(
  { thread, last }: Conversation,
  sender: StoredUser | undefined,
  text: string,
  now: Date,
): Message | Problem {
  if (sender?.status !== "active") return revokedMeanwhile();
  // Clocks differ, and a call that was begun first may come second; still no message is older than the one before it.
  const { createdAt: earliest } = last ?? thread;
  const createdAt = earliest > now ? earliest : now;
  return { id: newId("msg_", createdAt), sequence: (last?.sequence ?? 0) + 1, sender: sender.id, text, createdAt };
}

/**
 * Messages up to the first number that is missing. Numbers have no gaps, but a reading that meets a transaction on its way
 * may see a message before the one in front of it: whoever went on behind it would miss that for ever.
 *
 * @param messages in the order of their numbers
 * @param after the number that the first of them follows
 */
export function unbroken(messages: readonly Message[], after: number): readonly Message[] {
  return messages.filter(({ sequence }, index) => sequence === after + 1 + index);
}
