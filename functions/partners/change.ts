import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { changePartner } from "../../shared/partners/rules.ts";
import { partnerChange, readPartner } from "../../shared/partners/store.ts";
import { viewPartner } from "../../shared/partners/view.ts";

export const handler = serve(operations.change, async ({ path, body, ifMatch, now, table }) => {
  const before = await readPartner(table, path.partnerId);
  requireMatch(ifMatch, before.revision);
  const after = changePartner(before, body, now);
  return { body: viewPartner(after), change: partnerChange(before, after) };
});
