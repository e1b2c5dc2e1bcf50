import { authorOf } from "../../shared/contract/author.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { enabled, repeatable } from "../../shared/webhooks/rules.ts";
import { readDelivery, readEndpoint, redeliveryRequest } from "../../shared/webhooks/store.ts";
import { viewDelivery } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.redeliver, async (request) => {
  const { path, principal, table } = request;
  const endpoint = orThrow(enabled(await readEndpoint(table, principal.id, path.endpointId)));
  const delivery = orThrow(repeatable(await readDelivery(table, endpoint.id, path.deliveryId)));
  return {
    body: viewDelivery(delivery),
    change: redeliveryRequest(authorOf(request), endpoint.id, delivery),
    audit: { target: endpoint.id, before: null, after: { delivery: delivery.id } },
  };
});
