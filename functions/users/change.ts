import { requireMatch } from "../../shared/domain/etag.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { requireRole } from "../../shared/contract/principal.ts";
import { logSecurityEvent } from "../../shared/runtime/log.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { changeUser } from "../../shared/users/rules.ts";
import { readUser, userChange, viewUser } from "../../shared/users/store.ts";

export const handler = serve(operations.change, async ({ path, body, principal, ifMatch, now, requestId, table }) => {
  const before = await readUser(table, path.userId);
  requireMatch(ifMatch, before.revision);
  const after = orThrow(changeUser(before, body, requireRole(principal), now));
  if (before.role !== after.role) logSecurityEvent("role_changed", { requestId, principalId: after.id });
  return { body: viewUser(after), change: userChange(before, after) };
});
