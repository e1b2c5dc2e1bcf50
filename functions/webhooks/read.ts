import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { readEndpoint } from "../../shared/webhooks/store.ts";
import { viewEndpoint } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.read, async ({ path, principal, table }) => ({
  body: viewEndpoint(await readEndpoint(table, principal.id, path.endpointId)),
}));
