import { authorOf } from "../../shared/contract/author.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { offBoardPartner } from "../../shared/partners/off-board-partner.ts";

export const handler = serve(operations.offBoard, async (request) => {
  const { path, principal, table } = request;
  return { body: await offBoardPartner(table, { author: authorOf(request, path.partnerId), principal }) };
});
