import { authorOf } from "../../shared/contract/author.ts";
import { requireLivePartner } from "../../shared/contract/principal.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/sandbox/contract.ts";
import { deleteSandbox } from "../../shared/sandbox/delete-sandbox.ts";

export const handler = serve(operations.delete, async (request) => {
  const { principal, table, auditing } = request;
  requireLivePartner(principal);
  return { change: await deleteSandbox(table, { author: authorOf(request), principal, auditing }), audit: "committed" };
});
