import { requireLivePartner } from "../../shared/contract/principal.ts";
import { notFound, orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { replaceClientSecret } from "../../shared/identity/client-secrets.ts";
import { clientCredentialReplacement, findClientCredential } from "../../shared/identity/store.ts";
import { issueClientSecret } from "../../shared/partners/issue-client-secret.ts";
import { operations } from "../../shared/sandbox/contract.ts";
import { findSandboxId } from "../../shared/sandbox/store.ts";

export const handler = serve(operations.newSecret, async ({ body, principal, now, table, secrets }) => {
  requireLivePartner(principal);
  const id = await findSandboxId(table, principal.id);
  const current = orThrow((await findClientCredential(table, id)) ?? notFound());
  const { clientSecret, secretHash } = await issueClientSecret(secrets, body.secret);
  const credential = replaceClientSecret(current.value, secretHash, body.gracePeriod, now);
  const { previousValidUntil } = credential;
  return {
    body: { clientId: id, clientSecret, previousValidUntil },
    change: [clientCredentialReplacement(id, credential, current.revision)],
    audit: { target: id, before: null, after: { previousValidUntil } },
  };
});
