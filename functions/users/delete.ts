import { requireMatch } from "../../shared/domain/etag.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { deleteUser } from "../../shared/users/rules.ts";
import { readUser, userDeletion } from "../../shared/users/store.ts";

export const handler = serve(operations.delete, async ({ path, ifMatch, table }) => {
  const user = orThrow(deleteUser(await readUser(table, path.userId)));
  requireMatch(ifMatch, user.revision);
  const { id: target, role, status, credit } = user;
  return { change: userDeletion(user), audit: { target, before: { role, status, credit }, after: null } };
});
