import { authorOf } from "../../shared/contract/author.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { deletePartner } from "../../shared/partners/delete-partner.ts";

export const handler = serve(operations.delete, async (request) => {
  const { path, ifMatch, table, auditing } = request;
  const author = authorOf(request, path.partnerId);
  return { change: await deletePartner(table, { author, ifMatch, auditing }), audit: "committed" };
});
