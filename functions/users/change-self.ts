import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { findSecondFactor } from "../../shared/identity/second-factor-store.ts";
import { operations } from "../../shared/users/contract.ts";
import { changeSelf } from "../../shared/users/rules.ts";
import { viewSelf } from "../../shared/users/view.ts";
import { readUser, userChange } from "../../shared/users/store.ts";

export const handler = serve(operations.changeSelf, async ({ body, principal, ifMatch, now, table }) => {
  const [before, factor] = await Promise.all([readUser(table, principal.id), findSecondFactor(table, principal.id)]);
  requireMatch(ifMatch, before.revision);
  const after = changeSelf(before, body, now);
  return { body: viewSelf(after, factor), change: userChange(before, after) };
});
