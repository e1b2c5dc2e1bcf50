import { authorOf } from "../../shared/contract/author.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { enabled } from "../../shared/webhooks/rules.ts";
import { readEndpoint, testEvent } from "../../shared/webhooks/store.ts";
import { viewDelivery } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.test, async (request) => {
  const { path, principal, table } = request;
  const endpoint = orThrow(enabled(await readEndpoint(table, principal.id, path.endpointId)));
  const { delivery, change } = testEvent(authorOf(request), endpoint);
  return {
    body: viewDelivery(delivery),
    change,
    audit: { target: endpoint.id, before: null, after: { event: delivery.eventId } },
  };
});
