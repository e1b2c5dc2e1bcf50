import { requireRole } from "../../shared/contract/principal.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { endAllSessions } from "../../shared/identity/session-store.ts";
import { operations } from "../../shared/users/contract.ts";
import { endSessionsOf } from "../../shared/users/rules.ts";
import { readUser } from "../../shared/users/store.ts";

export const handler = serve(operations.endSessions, async ({ path, principal, table }) => {
  const user = orThrow(endSessionsOf(await readUser(table, path.userId), requireRole(principal)));
  return { change: [endAllSessions(user.id)], audit: { target: user.id, before: null, after: null } };
});
