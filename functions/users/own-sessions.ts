import { requireSession } from "../../shared/contract/principal.ts";
import { pageAfter } from "../../shared/http/pages.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { listSessions } from "../../shared/users/list-sessions.ts";

export const handler = serve(operations.ownSessions, async (request) => {
  const { query, principal, table, paging } = request;
  const page = { limit: query.limit, after: await paging.after() };
  const sessions = await listSessions(table, principal.id, requireSession(principal), request);
  const { items, lastKey } = pageAfter(sessions, ({ id }) => id, page);
  return { body: { items, nextCursor: await paging.cursor(lastKey) } };
});
