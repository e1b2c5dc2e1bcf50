import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { deletePartner } from "../../shared/partners/delete-partner.ts";

export const handler = serve(operations.delete, async ({ path, ifMatch, now, table }) => ({
  change: await deletePartner(table, { partnerId: path.partnerId, ifMatch, now }),
}));
