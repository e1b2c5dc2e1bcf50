/** Threads and messages as callers see them. */
import { deletedUsername, type StoredUser } from "../users/model.ts";
import type { MessageView, ThreadView } from "./contract.ts";
import type { Conversation, Message, UsersById } from "./model.ts";

export function viewThread({ thread, last }: Conversation, users: UsersById): ThreadView {
  const { id, participants, createdBy, createdAt } = thread;
  return {
    id,
    participants: participants.map((userId) => usernameOf(users.get(userId))),
    createdBy: usernameOf(users.get(createdBy)),
    createdAt,
    lastMessageAt: last?.createdAt ?? null,
    lastSequence: last?.sequence ?? 0,
  };
}

/** @param sender undefined for a deleted user */
export function viewMessage({ id, sequence, text, createdAt }: Message, sender: StoredUser | undefined): MessageView {
  return { id, sequence, sender: usernameOf(sender), message: text, createdAt };
}

function usernameOf(user: StoredUser | undefined): string {
  return user?.username ?? deletedUsername;
}
