import { authorOf } from "../../shared/contract/author.ts";
import { serve } from "../../shared/http/serve.ts";
import { requireStillActive } from "../../shared/identity/store.ts";
import { checkDestination } from "../../shared/webhooks/check-destination.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { createEndpoint, verifiedWith } from "../../shared/webhooks/rules.ts";
import { newSigner } from "../../shared/webhooks/signatures.ts";
import { endpointCreation } from "../../shared/webhooks/store.ts";
import { auditedState, viewEndpoint } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.create, {
  prepare: async ({ body, environment }) => {
    await checkDestination(body.url, { toPrivateAddresses: environment.WEBHOOKS_TO_PRIVATE_ADDRESSES });
  },
  decide: async (request) => {
    const { body, now, secrets, principal, table, attempt } = request;
    if (attempt > 1) await requireStillActive(table, principal.id);
    const created = createEndpoint(body, now);
    const owner = { endpointId: created.id, key: await secrets.read("webhookKey") };
    const { sealed, secret, publicKey } = newSigner(body.signature, owner);
    const endpoint = verifiedWith(created, publicKey);
    return {
      body: { ...viewEndpoint(endpoint, undefined), secret },
      location: `/v1/webhook-endpoints/${endpoint.id}`,
      change: endpointCreation(authorOf(request), endpoint, sealed),
      audit: { target: endpoint.id, before: null, after: auditedState(endpoint) },
    };
  },
});
