import { authorOf } from "../../shared/contract/author.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { deletePartner } from "../../shared/partners/delete-partner.ts";

export const handler = serve(operations.delete, async (request) => {
  const { path, ifMatch, table } = request;
  return { change: await deletePartner(table, { author: authorOf(request, path.partnerId), ifMatch }) };
});
