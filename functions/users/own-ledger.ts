import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { listMovements } from "../../shared/users/store.ts";
import { viewMovement } from "../../shared/users/view.ts";

export const handler = serve(operations.ownLedger, async ({ query, principal, table, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { movements, lastKey } = await listMovements(table, principal.id, page);
  return { body: { items: movements.map(viewMovement), nextCursor: await paging.cursor(lastKey) } };
});
