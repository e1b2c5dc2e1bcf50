/** Keys of threads, their participants and their messages. */
import { padded, type IndexKey, type Key } from "../runtime/key.ts";
import type { LastMessage, Message, Thread } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const threadPartitions = {
  threads: "THREAD#*",
  threadMemberships: "THREADS-OF#*",
  messages: "MESSAGES#*",
} as const;

export const threadKey = {
  thread: (threadId: string): Key<Thread> => ({ pk: `THREAD#${threadId}`, sk: "THREAD" }),
  /** Apart from the thread and small, because every post writes it. */
  lastMessage: (threadId: string): Key<LastMessage> => ({ pk: `THREAD#${threadId}`, sk: "LAST-MESSAGE" }),
  /** Lists a thread among those of a participant; ids sort by time. */
  threadMembership: (userId: string, threadId: string): Key<object> => ({ pk: `THREADS-OF#${userId}`, sk: threadId }),
  /** Lists a thread among those of a second participant, in the index. */
  indexedMembership: (userId: string, threadId: string): IndexKey => ({
    gsi1pk: `THREADS-OF#${userId}`,
    gsi1sk: threadId,
  }),
  message: (threadId: string, sequence: number): Key<Message> => ({
    pk: `MESSAGES#${threadId}`,
    sk: padded(sequence),
  }),
} as const;
