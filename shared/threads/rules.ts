/** Decides who takes part in a thread and how its messages follow. Pure: no AWS, no HTTP, and the time is an argument. */
import { newId } from "../domain/ids.ts";
import { invalid, notFound, Problem, revokedMeanwhile, type FieldError } from "../domain/problems.ts";
import type { StoredUser } from "../users/model.ts";
import { maxParticipants, type Conversation, type Message, type Thread } from "./model.ts";

/** A named participant; without a user for an unknown name or a deleted user. */
export interface Candidate {
  readonly username: string;
  readonly user: StoredUser | undefined;
}

/**
 * A new thread of the creator and the named users, in the order of the names. A creator that is not named comes first.
 *
 * @param creator its current state; undefined if it was deleted while the request was running
 * @param named no name twice
 */
export function begin(creator: StoredUser | undefined, named: readonly Candidate[], now: Date): Thread | Problem {
  if (creator?.status !== "active") return revokedMeanwhile();
  const namesItself = named.some(({ user }) => user?.id === creator.id);
  const size = named.length + (namesItself ? 0 : 1);
  if (size < 2) return participantsInvalid("must name at least one other user");
  if (size > maxParticipants) return participantsInvalid(`must be at most ${maxParticipants}, you included`);
  const participants = named.flatMap(({ user }) => (user?.status === "active" ? [user.id] : []));
  if (participants.length < named.length) return participantsUnknown(named);
  return {
    id: newId("thr_", now),
    createdBy: creator.id,
    participants: namesItself ? participants : [creator.id, ...participants],
    createdAt: now.toISOString(),
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
    detail: `${username} is not an active user`,
  }));
  const names = unknown.map(({ username }) => username).join(", ");
  return new Problem("participants_unknown", `Not active users: ${names}. Remove them.`, { errors });
}

/** The thread if the user takes part in it; for everyone else it does not exist. */
export function seenBy(thread: Thread | undefined, userId: string): Thread | Problem {
  return thread?.participants.includes(userId) === true ? thread : notFound();
}

/**
 * The next message of a thread.
 *
 * @param sender its current state; undefined if it was deleted while the request was running
 * @param text in NFC
 */
export function post(
  { thread, last }: Conversation,
  sender: StoredUser | undefined,
  text: string,
  now: Date,
): Message | Problem {
  if (sender?.status !== "active") return revokedMeanwhile();
  // Clocks differ, and requests overtake each other; still no message is older than the previous one.
  const { createdAt: earliest } = last ?? thread;
  const createdAt = earliest > now.toISOString() ? earliest : now.toISOString();
  const id = newId("msg_", new Date(createdAt));
  return { id, sequence: (last?.sequence ?? 0) + 1, sender: sender.id, text, createdAt };
}

/**
 * The messages up to the first missing number. Numbers have no gaps, but a read during a transaction may see a message
 * before its predecessor: a client that continued after it would miss the predecessor for ever.
 *
 * @param messages in the order of their numbers
 * @param after the number that precedes the first of them
 */
export function unbroken(messages: readonly Message[], after: number): readonly Message[] {
  return messages.filter(({ sequence }, index) => sequence === after + 1 + index);
}
