import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/threads/contract.ts";
import { listMessages, readThread } from "../../shared/threads/store.ts";
import { viewMessage } from "../../shared/threads/view.ts";
import { findUsers } from "../../shared/users/store.ts";

export const handler = serve(operations.messages, async ({ path, query, principal, table, paging }) => {
  const page = { limit: query.limit, after: Number((await paging.after()) ?? query.after) };
  const [{ messages, next }] = await Promise.all([
    listMessages(table, path.threadId, page),
    readThread(table, path.threadId, principal.id),
  ]);
  const users = await findUsers(
    table,
    messages.map(({ sender }) => sender),
  );
  return {
    body: {
      items: messages.map((message) => viewMessage(message, users.get(message.sender))),
      nextCursor: await paging.cursor(next?.toString()),
    },
  };
});
