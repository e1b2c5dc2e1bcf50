import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { newSecret, rotateSecrets } from "../../shared/webhooks/signatures.ts";
import { readEndpoint, readSecrets, secretRotation } from "../../shared/webhooks/store.ts";

export const handler = serve(operations.rotateSecret, async ({ path, body, principal, now, table, secrets }) => {
  const { id } = await readEndpoint(table, principal.id, path.endpointId);
  const before = await readSecrets(table, id);
  const { secret, sealed } = newSecret({ endpointId: id, key: await secrets.read("webhookKey") });
  const after = rotateSecrets(before, sealed, { ...body, now });
  const previousValidUntil = after.previous?.validUntil ?? null;
  return {
    body: { id, secret, previousValidUntil },
    change: secretRotation(id, before, after),
    audit: { target: id, before: null, after: { previousValidUntil } },
  };
});
