import { authorOf } from "../../shared/contract/author.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { offBoardPartner } from "../../shared/partners/off-board-partner.ts";

export const handler = serve(operations.offBoard, async (request) => {
  const { path, principal, table, auditing } = request;
  const author = authorOf(request, path.partnerId);
  const body = await offBoardPartner(table, { author, principal, auditing });
  const { subscriptionsCancelled, companiesDeleted } = body;
  const record = { target: path.partnerId, before: null, after: { subscriptionsCancelled, companiesDeleted } };
  return {
    body,
    change: subscriptionsCancelled + companiesDeleted === 0 ? [] : [auditing(record)],
    audit: "committed",
  };
});
