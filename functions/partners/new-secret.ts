import { requireSelf } from "../../shared/contract/principal.ts";
import { notFound, orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { replaceClientSecret } from "../../shared/identity/client-secrets.ts";
import { clientCredentialReplacement, findClientCredential } from "../../shared/identity/store.ts";
import { operations } from "../../shared/partners/contract.ts";
import { issueClientSecret } from "../../shared/partners/issue-client-secret.ts";

export const handler = serve(operations.newSecret, async ({ path, body, principal, now, table, secrets }) => {
  const partnerId = requireSelf(principal, path.partnerId);
  const current = orThrow((await findClientCredential(table, partnerId)) ?? notFound());
  const { clientSecret, secretHash } = await issueClientSecret(secrets, body.secret);
  const credential = replaceClientSecret(current.value, secretHash, body.gracePeriod, now);
  return {
    body: { clientId: partnerId, clientSecret, previousValidUntil: credential.previousValidUntil },
    change: [clientCredentialReplacement(partnerId, credential, current.revision)],
    audit: { target: partnerId, before: null, after: { previousValidUntil: credential.previousValidUntil } },
  };
});
