import { changeEntry } from "../../shared/contract/audit-record.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { checkDestination } from "../../shared/webhooks/check-destination.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { changeEndpoint, isEnabledAgain } from "../../shared/webhooks/rules.ts";
import { endpointChange, findFailingSince, readEndpoint } from "../../shared/webhooks/store.ts";
import { auditedEndpoint, viewEndpoint } from "../../shared/webhooks/view.ts";

export const handler = serve(operations.change, {
  prepare: async ({ body, environment }) => {
    if (body.url === undefined) return;
    await checkDestination(body.url, { toPrivateAddresses: environment.WEBHOOKS_TO_PRIVATE_ADDRESSES });
  },
  decide: async ({ path, body, principal, ifMatch, now, table }) => {
    const [before, [failingSince]] = await Promise.all([
      readEndpoint(table, principal.id, path.endpointId),
      findFailingSince(table, [path.endpointId]),
    ]);
    requireMatch(ifMatch, before.revision);
    const after = changeEndpoint(before, body, now);
    const audited = { before: auditedEndpoint(before), after: auditedEndpoint(after) };
    return {
      body: viewEndpoint(after, isEnabledAgain(before, after) ? undefined : failingSince),
      change: endpointChange(principal.id, before, after),
      audit: changeEntry(audited, ["description", "eventTypes", "status", "disabledReason"], ["url"]),
    };
  },
});
