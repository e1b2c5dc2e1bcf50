import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/threads/contract.ts";
import { listThreads, viewThread } from "../../shared/threads/store.ts";

export const handler = serve(operations.list, async ({ query, principal, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { conversations, people, lastKey } = await listThreads(table, principal.id, page);
  return {
    body: {
      items: conversations.map((conversation) => viewThread(conversation, people)),
      nextCursor: await paging.cursor(lastKey),
    },
  };
});
