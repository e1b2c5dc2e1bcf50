/** Items of threads: who is in them, how far they have come, and their messages. */
import { orThrow } from "../domain/problems.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { absent } from "../runtime/writes.ts";
import { key } from "../runtime/key.ts";
import type { Change, Expression, Item, Table } from "../runtime/table.ts";
import { deletedUsername, type StoredUser } from "../users/rules.ts";
import { findUserIds, findUsers } from "../users/store.ts";
import type { MessageView, ThreadView } from "./contract.ts";
import {
  seenBy,
  unbroken,
  type Candidate,
  type Conversation,
  type LastMessage,
  type Message,
  type Thread,
} from "./rules.ts";

/** Users by their ids. */
type People = ReadonlyMap<string, StoredUser>;

/** Who the named ones are, and the creator: two readings, however many there are. */
export async function findCandidates(
  table: Table,
  creatorId: string,
  usernames: readonly string[],
): Promise<{ readonly named: readonly Candidate[]; readonly people: People }> {
  const ids = await findUserIds(table, usernames);
  const people = await findUsers(table, [creatorId, ...ids.filter((id) => id !== undefined)]);
  const named = usernames.map((username, index) => ({ username, user: people.get(ids[index] ?? "") }));
  return { named, people };
}

/**
 * The thread and a place among the threads of each participant. An item has such a place in the table and one in the index,
 * so it serves two: one for each of a hundred would not fit into a transaction together with thread and idempotency record.
 */
export function threadCreation({ createdAt, ...thread }: Thread): Change {
  const { id, createdBy, participants } = thread;
  // The creator is the first of a pair: in the table, where its own thread is seen at once.
  const inOrder = [createdBy, ...participants.filter((userId) => userId !== createdBy)];
  const pairs = inOrder.flatMap((first, index) => (index % 2 === 0 ? [{ first, second: inOrder[index + 1] }] : []));
  return [
    { put: { ...key.thread(id), ...thread, createdAt: createdAt.toISOString() }, condition: absent },
    ...pairs.map(({ first, second }) => ({
      put: { ...key.threadMembership(first, id), ...(second !== undefined && indexKey(second, id)) },
      condition: absent,
    })),
  ];
}

function indexKey(userId: string, threadId: string) {
  const { pk, sk } = key.threadMembership(userId, threadId);
  return { gsi1pk: pk, gsi1sk: sk };
}

/** A thread that a user is in. @throws Problem `not_found` */
export async function readThread(table: Table, threadId: string, userId: string): Promise<Thread> {
  const item = await table.get(key.thread(threadId));
  return orThrow(seenBy(item && threadOf(item), userId));
}

/** A thread that a user is in, with its last message. @throws Problem `not_found` */
export async function readConversation(table: Table, threadId: string, userId: string): Promise<Conversation> {
  const [item, last] = await table.getAll([key.thread(threadId), key.lastMessage(threadId)]);
  return { thread: orThrow(seenBy(item && threadOf(item), userId)), last: last && lastMessageOf(last) };
}

/** How many people one page of threads names at the most; a page with larger threads has fewer of them. */
const maxPeople = 500;

interface ThreadPage {
  readonly conversations: readonly Conversation[];
  readonly people: People;
  /** The thread after which the next page begins; undefined on the last page. */
  readonly lastKey: string | undefined;
}

/** A page of a user's threads, newest first. Both halves of its places are read: that in the table and that in the index. */
export async function listThreads(
  table: Table,
  userId: string,
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): Promise<ThreadPage> {
  const { pk } = key.threadMembership(userId, "");
  const range = { pk, limit, after, descending: true } as const;
  const pages = await Promise.all([table.query(range), table.query({ ...range, index: "gsi1" })]);
  const places = pages
    .flatMap(({ items }) => items.map(({ sk }) => sk as string))
    .sort()
    .reverse();
  const read = await readConversations(table, places.slice(0, limit));
  const conversations = withinPeople(read);
  // A full page has a next one, be it empty: so do those of DynamoDB.
  const lastKey = conversations.length < read.length ? conversations.at(-1)?.thread.id : places[limit - 1];
  const people = await findUsers(
    table,
    conversations.flatMap(({ thread }) => thread.participants),
  );
  return { conversations, people, lastKey };
}

async function readConversations(table: Table, threadIds: readonly string[]): Promise<readonly Conversation[]> {
  const items = await table.getAll([...threadIds.map(key.thread), ...threadIds.map(key.lastMessage)]);
  return threadIds.flatMap((_, index) => {
    const [thread, last] = [items[index], items[index + threadIds.length]];
    // A thread that is being written at this moment: its place may be seen before itself.
    return thread === undefined ? [] : [{ thread: threadOf(thread), last: last && lastMessageOf(last) }];
  });
}

/** The first threads that name no more than `maxPeople` different people; one at least. */
function withinPeople(conversations: readonly Conversation[]): readonly Conversation[] {
  const people = new Set<string>();
  const end = conversations.findIndex(({ thread }, index) => {
    for (const userId of thread.participants) people.add(userId);
    return index > 0 && people.size > maxPeople;
  });
  return end === -1 ? conversations : conversations.slice(0, end);
}

/** The message and the number that it takes, unless another one has taken that since it was read. */
export function messageCreation({ thread, last }: Conversation, message: Message): Change {
  const { sequence } = message;
  const createdAt = message.createdAt.toISOString();
  return [
    {
      put: { ...key.lastMessage(thread.id), sequence, createdAt },
      condition: last === undefined ? absent : numbered(last),
      onConditionFailed: () => new ConcurrencyConflict(),
    },
    {
      put: { ...key.message(thread.id, sequence), ...message, createdAt },
      condition: absent,
      onConditionFailed: () => new ConcurrencyConflict(),
    },
  ];
}

function numbered({ sequence }: LastMessage): Expression {
  return { expression: "#sequence = :sequence", names: { "#sequence": "sequence" }, values: { ":sequence": sequence } };
}

interface MessagePage {
  readonly messages: readonly Message[];
  /** The number after which the next page begins; undefined on the last page. */
  readonly next: number | undefined;
}

/** A page of a thread's messages after a number, oldest first, without a gap. */
export async function listMessages(
  table: Table,
  threadId: string,
  { limit, after }: { readonly limit: number; readonly after: number },
): Promise<MessagePage> {
  const { pk, sk } = key.message(threadId, after);
  const { items, lastKey } = await table.query({ pk, limit, after: sk });
  const messages = unbroken(items.map(messageOf), after);
  const more = lastKey !== undefined || messages.length < items.length;
  return { messages, next: more ? (messages.at(-1)?.sequence ?? after) : undefined };
}

function threadOf(item: Item): Thread {
  const { id, createdBy, participants, createdAt } = item;
  return { id, createdBy, participants, createdAt: new Date(createdAt as string) };
}

function lastMessageOf({ sequence, createdAt }: Item): LastMessage {
  return { sequence, createdAt: new Date(createdAt as string) };
}

function messageOf(item: Item): Message {
  const { id, sender, text } = item;
  return { ...lastMessageOf(item), id, sender, text };
}

/** A thread as callers see it. */
export function viewThread({ thread, last }: Conversation, people: People): ThreadView {
  const { id, participants, createdBy, createdAt } = thread;
  return {
    id,
    participants: participants.map((userId) => usernameOf(people.get(userId))),
    createdBy: usernameOf(people.get(createdBy)),
    createdAt: createdAt.toISOString(),
    lastMessageAt: last?.createdAt.toISOString() ?? null,
    lastSequence: last?.sequence ?? 0,
  };
}

/**
 * A message as callers see it.
 *
 * @param sender undefined for a user that was deleted
 */
export function viewMessage({ id, sequence, text, createdAt }: Message, sender: StoredUser | undefined): MessageView {
  return { id, sequence, sender: usernameOf(sender), message: text, createdAt: createdAt.toISOString() };
}

function usernameOf(user: StoredUser | undefined): string {
  return user?.username ?? deletedUsername;
}
