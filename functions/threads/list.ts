import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/threads/contract.ts";
import { listThreads } from "../../shared/threads/store.ts";
import { viewThread } from "../../shared/threads/view.ts";

export const handler = serve(operations.list, async ({ query, principal, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { conversations, users, lastKey } = await listThreads(table, principal.id, page);
  return {
    body: {
      items: conversations.map((conversation) => viewThread(conversation, users)),
      nextCursor: await paging.cursor(lastKey),
    },
  };
});
