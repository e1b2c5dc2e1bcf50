import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/threads/contract.ts";
import { readConversation } from "../../shared/threads/store.ts";
import { viewThread } from "../../shared/threads/view.ts";
import { findUsers } from "../../shared/users/store.ts";

export const handler = serve(operations.read, async ({ path, principal, table }) => {
  const conversation = await readConversation(table, path.threadId, principal.id);
  return { body: viewThread(conversation, await findUsers(table, conversation.thread.participants)) };
});
