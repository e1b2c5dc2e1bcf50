import { serve } from "../../shared/http/serve.ts";
import { generateClientSecret, hashClientSecret } from "../../shared/identity/client-secrets.ts";
import { operations } from "../../shared/partners/contract.ts";
import { registerPartner } from "../../shared/partners/rules.ts";
import { partnerCreation, viewPartner } from "../../shared/partners/store.ts";

export const handler = serve(operations.register, async ({ body, now, secrets }) => {
  const partner = registerPartner(body, now);
  const clientSecret = body.secret ?? generateClientSecret();
  const secretHash = hashClientSecret(clientSecret, await secrets.read("clientSecretKey"));
  return {
    body: { ...viewPartner(partner), clientId: partner.id, clientSecret },
    location: `/v1/partners/${partner.id}`,
    change: partnerCreation(partner, { secretHash }),
  };
});
