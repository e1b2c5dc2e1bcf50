import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { changeSelf } from "../../shared/users/rules.ts";
import { viewUser } from "../../shared/users/view.ts";
import { readUser, userChange } from "../../shared/users/store.ts";

export const handler = serve(operations.changeSelf, async ({ body, principal, ifMatch, now, table }) => {
  const before = await readUser(table, principal.id);
  requireMatch(ifMatch, before.revision);
  const after = changeSelf(before, body, now);
  return { body: viewUser(after), change: userChange(before, after) };
});
