import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { listMovements, readUser } from "../../shared/users/store.ts";
import { viewLedgerMovement } from "../../shared/users/view.ts";

export const handler = serve(operations.ledger, async ({ path, query, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const [{ movements, lastKey }] = await Promise.all([
    listMovements(table, path.userId, page),
    readUser(table, path.userId),
  ]);
  return { body: { items: movements.map(viewLedgerMovement), nextCursor: await paging.cursor(lastKey) } };
});
