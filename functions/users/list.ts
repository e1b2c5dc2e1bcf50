import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { viewUser } from "../../shared/users/view.ts";
import { listUsers, searchUsers, sortUsers } from "../../shared/users/store.ts";

export const handler = serve(operations.list, async ({ query, table, paging }) => {
  const { search, sort, limit } = query;
  const page = { limit, after: await paging.after() };
  const order = sort === "newest" ? () => listUsers(table, page) : () => sortUsers(table, sort, page);
  const { users, lastKey } = search === undefined ? await order() : await searchUsers(table, search, page);
  return { body: { items: users.map(viewUser), nextCursor: await paging.cursor(lastKey) } };
});
