import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { findFailingSince, readEndpoint } from "../../shared/webhooks/store.ts";
import { viewEndpoint } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.read, async ({ path, principal, table }) => {
  const [endpoint, [failingSince]] = await Promise.all([
    readEndpoint(table, principal.id, path.endpointId),
    findFailingSince(table, [path.endpointId]),
  ]);
  return { body: viewEndpoint(endpoint, failingSince) };
});
