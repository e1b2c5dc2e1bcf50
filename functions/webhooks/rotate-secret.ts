import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/webhooks/contract.ts";
import { changeKey, signatureOf } from "../../shared/webhooks/rules.ts";
import { newSigner, rotateSecrets } from "../../shared/webhooks/signatures.ts";
import { readEndpoint, readSecrets, secretRotation } from "../../shared/webhooks/store.ts";

export const handler = serve(operations.rotateSecret, async ({ path, body, principal, now, table, secrets }) => {
  const endpoint = await readEndpoint(table, principal.id, path.endpointId);
  const { id } = endpoint;
  const before = { endpoint, secrets: await readSecrets(table, id) };
  const owner = { endpointId: id, key: await secrets.read("webhookKey") };
  const { sealed, secret, publicKey } = newSigner(body.signature ?? signatureOf(endpoint), owner);
  const after = {
    endpoint: changeKey(endpoint, publicKey, now),
    secrets: rotateSecrets(before.secrets, sealed, { ...body, now }),
  };
  const signature = signatureOf(after.endpoint);
  const previousValidUntil = after.secrets.previous?.validUntil ?? null;
  return {
    body: { id, signature, secret, publicKey: publicKey ?? null, previousValidUntil },
    change: secretRotation(principal.id, before, after),
    audit: { target: id, before: null, after: { signature, previousValidUntil } },
  };
});
