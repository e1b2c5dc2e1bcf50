import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { viewUser } from "../../shared/users/view.ts";
import { listUsers } from "../../shared/users/store.ts";

export const handler = serve(operations.list, async ({ query, table, paging }) => {
  const { users, lastKey } = await listUsers(table, { limit: query.limit, after: await paging.after() });
  return { body: { items: users.map(viewUser), nextCursor: await paging.cursor(lastKey) } };
});
