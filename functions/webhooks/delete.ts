import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { endpointDeletion, readEndpoint } from "../../shared/webhooks/store.ts";
import { auditedState } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.delete, async ({ path, principal, ifMatch, table }) => {
  const endpoint = await readEndpoint(table, principal.id, path.endpointId);
  requireMatch(ifMatch, endpoint.revision);
  return {
    change: endpointDeletion(principal.id, endpoint),
    audit: { target: endpoint.id, before: auditedState(endpoint), after: null },
  };
});
