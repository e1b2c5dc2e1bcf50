import { changeEntry } from "../../shared/contract/audit-record.ts";
import { requireRole } from "../../shared/contract/principal.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { changeUser } from "../../shared/users/rules.ts";
import { readUser, userChange } from "../../shared/users/store.ts";
import { viewUser } from "../../shared/users/view.ts";

export const handler = serve(operations.change, async ({ path, body, principal, ifMatch, now, table }) => {
  const before = await readUser(table, path.userId);
  requireMatch(ifMatch, before.revision);
  const after = orThrow(changeUser(before, body, requireRole(principal), now));
  return {
    body: viewUser(after),
    change: userChange(before, after),
    audit: changeEntry({ before, after }, ["status", "role"]),
    securityEvents: before.role === after.role ? [] : [{ event: "role_changed", principalId: after.id }],
  };
});
