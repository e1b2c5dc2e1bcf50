import { authorOf } from "../../shared/contract/author.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { issueClientSecret } from "../../shared/partners/issue-client-secret.ts";
import { registerPartner } from "../../shared/partners/rules.ts";
import { partnerCreation } from "../../shared/partners/store.ts";
import { viewPartner } from "../../shared/partners/view.ts";
import { defaultLimitsOf } from "../../shared/runtime/environment.ts";

export const handler = serve(operations.register, async (request) => {
  const { body, now, secrets, environment } = request;
  const partner = registerPartner(body, now);
  const { clientSecret, secretHash } = await issueClientSecret(secrets, body.secret);
  return {
    body: { ...viewPartner(partner, defaultLimitsOf(environment)), clientId: partner.id, clientSecret },
    location: `/v1/partners/${partner.id}`,
    change: partnerCreation(authorOf(request, partner.id), partner, { secretHash, issuedAt: now.toISOString() }),
    audit: { target: partner.id, before: null, after: { name: partner.name, websiteUrl: partner.websiteUrl } },
  };
});
