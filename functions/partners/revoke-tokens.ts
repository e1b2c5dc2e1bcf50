import { accepted, notFound } from "../../shared/api/problems.ts";
import { requireSelf } from "../../shared/api/principal.ts";
import { serve } from "../../shared/api/serve.ts";
import { findPartnerState, tokenRevocation } from "../../shared/identity/store.ts";
import { operations } from "../../shared/partners/contract.ts";

export const handler = serve(operations.revokeTokens, async ({ path, principal, table }) => {
  const partnerId = requireSelf(principal, path.partnerId);
  accepted((await findPartnerState(table, partnerId)) ?? notFound());
  return { change: [tokenRevocation(partnerId)] };
});
