import { requireSession } from "../../shared/contract/principal.ts";
import { pageAfter } from "../../shared/http/pages.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { listSessions } from "../../shared/users/list-sessions.ts";
import { readUser } from "../../shared/users/store.ts";

export const handler = serve(operations.sessions, async (request) => {
  const { path, query, principal, table, paging } = request;
  const page = { limit: query.limit, after: await paging.after() };
  const user = await readUser(table, path.userId);
  const sessions = await listSessions(table, user.id, requireSession(principal), request);
  const { items, lastKey } = pageAfter(sessions, ({ id }) => id, page);
  return { body: { items, nextCursor: await paging.cursor(lastKey) } };
});
