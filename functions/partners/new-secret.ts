import { orThrow, notFound } from "../../shared/domain/problems.ts";
import { requireSelf } from "../../shared/contract/principal.ts";
import { serve } from "../../shared/http/serve.ts";
import { generateClientSecret, hashClientSecret, replaceClientSecret } from "../../shared/identity/client-secrets.ts";
import { clientCredentialReplacement, findClientCredential } from "../../shared/identity/store.ts";
import { operations } from "../../shared/partners/contract.ts";

export const handler = serve(operations.newSecret, async ({ path, body, principal, now, table, secrets }) => {
  const partnerId = requireSelf(principal, path.partnerId);
  const current = orThrow((await findClientCredential(table, partnerId)) ?? notFound());
  const clientSecret = body.secret ?? generateClientSecret();
  const secretHash = hashClientSecret(clientSecret, await secrets.read("clientSecretKey"));
  const credential = replaceClientSecret(current.value, secretHash, body.gracePeriod, now);
  return {
    body: { clientId: partnerId, clientSecret, previousValidUntil: credential.previousValidUntil },
    change: [clientCredentialReplacement(partnerId, credential, current.revision)],
  };
});
