/** Items of threads: their participants, their last messages, and their messages. */
import { orThrow } from "../domain/problems.ts";
import type { Change, Page, PageRequest, Table } from "../runtime/table.ts";
import { absent, conflict, putAbsent } from "../runtime/writes.ts";
import { findUserIds, findUsers } from "../users/store.ts";
import { threadKey } from "./keys.ts";
import type { Conversation, LastMessage, Message, Thread, UsersById } from "./model.ts";
import { seenBy, unbroken, type Candidate } from "./rules.ts";

/** The creator and the named users, in two reads for any number of names. */
export async function findCandidates(
  table: Table,
  creatorId: string,
  usernames: readonly string[],
): Promise<{ readonly named: readonly Candidate[]; readonly users: UsersById }> {
  const ids = await findUserIds(table, usernames);
  const users = await findUsers(table, [creatorId, ...ids.filter((id) => id !== undefined)]);
  const named = usernames.map((username, index) => ({ username, user: users.get(ids[index] ?? "") }));
  return { named, users };
}

/**
 * The thread and its place in the list of each participant. An item has one place in the table and one in the index, so it
 * serves two participants: with an item for each of a hundred, the thread and the idempotency record would not fit into the
 * transaction.
 */
export function threadCreation(thread: Thread): Change {
  const { id, createdBy, participants } = thread;
  // The creator comes first in its pair: it reads the table consistently, so it sees its own thread at once.
  const inOrder = [createdBy, ...participants.filter((userId) => userId !== createdBy)];
  const pairs = inOrder.flatMap((first, index) => (index % 2 === 0 ? [{ first, second: inOrder[index + 1] }] : []));
  return [
    putAbsent(threadKey.thread(id), thread),
    ...pairs.map(({ first, second }) => {
      const index = second === undefined ? undefined : threadKey.indexedMembership(second, id);
      return putAbsent(threadKey.threadMembership(first, id), {}, { index });
    }),
  ];
}

/** A thread of a participant. @throws Problem `not_found` */
export async function readThread(table: Table, threadId: string, userId: string): Promise<Thread> {
  return orThrow(seenBy(await table.get(threadKey.thread(threadId)), userId));
}

/** A thread of a participant, with its last message. @throws Problem `not_found` */
export async function readConversation(table: Table, threadId: string, userId: string): Promise<Conversation> {
  const [thread, last] = await table.getAll([threadKey.thread(threadId), threadKey.lastMessage(threadId)]);
  return { thread: orThrow(seenBy(thread, userId)), last };
}

/** The maximum number of different users on a page of threads; a page of large threads has fewer threads. */
const maxUsersPerPage = 500;

interface ThreadPage {
  readonly conversations: readonly Conversation[];
  readonly users: UsersById;
  /** The thread after which the next page begins; undefined on the last page. */
  readonly lastKey: string | undefined;
}

/** The ids of a user's threads, newest first, from its places in the table and in the index. */
export async function listThreadIds(
  table: Table,
  userId: string,
  { limit, after }: PageRequest,
): Promise<readonly string[]> {
  const range = { partition: threadKey.threadMembership(userId, ""), limit, after, descending: true } as const;
  const pages = await Promise.all([table.query(range), table.query({ ...range, index: "gsi1" })]);
  const threadIds = pages.flatMap(({ sortKeys }) => sortKeys);
  return threadIds.sort().reverse().slice(0, limit);
}

/** A thread, whoever asks. */
export async function findThread(table: Table, threadId: string): Promise<Thread | undefined> {
  return await table.get(threadKey.thread(threadId));
}

/** A page of a user's threads, newest first. */
export async function listThreads(table: Table, userId: string, { limit, after }: PageRequest): Promise<ThreadPage> {
  const threadIds = await listThreadIds(table, userId, { limit, after });
  const read = await readConversations(table, threadIds);
  const conversations = withinUserLimit(read);
  // As in DynamoDB, a full page has a next one, which may be empty.
  const lastKey = conversations.length < read.length ? conversations.at(-1)?.thread.id : threadIds[limit - 1];
  const users = await findUsers(
    table,
    conversations.flatMap(({ thread }) => thread.participants),
  );
  return { conversations, users, lastKey };
}

async function readConversations(table: Table, threadIds: readonly string[]): Promise<readonly Conversation[]> {
  const [threads, lastMessages] = await Promise.all([
    table.getAll(threadIds.map(threadKey.thread)),
    table.getAll(threadIds.map(threadKey.lastMessage)),
  ]);
  // A read during the creation of a thread may see the membership before the thread.
  return threads.flatMap((thread, index) => (thread === undefined ? [] : [{ thread, last: lastMessages[index] }]));
}

/** The first threads that name at most `maxUsersPerPage` different users together; at least one. */
function withinUserLimit(conversations: readonly Conversation[]): readonly Conversation[] {
  const userIds = new Set<string>();
  const end = conversations.findIndex(({ thread }, index) => {
    for (const userId of thread.participants) userIds.add(userId);
    return index > 0 && userIds.size > maxUsersPerPage;
  });
  return end === -1 ? conversations : conversations.slice(0, end);
}

/** The message and its number, unless another message has taken that since the thread was read. */
export function messageCreation({ thread, last }: Conversation, message: Message): Change {
  const { sequence, createdAt } = message;
  return [
    {
      put: { ...threadKey.lastMessage(thread.id), sequence, createdAt },
      condition: last === undefined ? absent : numbered(last),
      onConditionFailed: conflict,
    },
    putAbsent(threadKey.message(thread.id, sequence), message),
  ];
}

function numbered({ sequence }: LastMessage) {
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
  const partition = threadKey.message(threadId, after);
  const { items, lastKey }: Page<Message> = await table.query({ partition, limit, after: partition.sk });
  const messages = unbroken(items, after);
  const more = lastKey !== undefined || messages.length < items.length;
  return { messages, next: more ? (messages.at(-1)?.sequence ?? after) : undefined };
}
