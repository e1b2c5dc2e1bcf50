import { requireSelf } from "../../shared/contract/principal.ts";
import { notFound, orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { findPartnerState, tokenRevocation } from "../../shared/identity/store.ts";
import { operations } from "../../shared/partners/contract.ts";

export const handler = serve(operations.revokeTokens, async ({ path, principal, table }) => {
  const partnerId = requireSelf(principal, path.partnerId);
  orThrow((await findPartnerState(table, partnerId)) ?? notFound());
  return { change: [tokenRevocation(partnerId)], audit: { target: partnerId, before: null, after: null } };
});
