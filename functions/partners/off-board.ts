import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { offBoardPartner } from "../../shared/partners/off-board-partner.ts";

export const handler = serve(operations.offBoard, async ({ path, principal, now, table }) => ({
  body: await offBoardPartner(table, { partnerId: path.partnerId, principal, now }),
}));
