import { requireSelf } from "../../shared/contract/principal.ts";
import { notFound, orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { findClientCredential, findPartnerState } from "../../shared/identity/store.ts";
import { operations } from "../../shared/partners/contract.ts";
import { viewSecretState } from "../../shared/partners/view.ts";

export const handler = serve(operations.secretState, async ({ path, principal, now, table }) => {
  const partnerId = requireSelf(principal, path.partnerId);
  const [credential, state] = await Promise.all([
    findClientCredential(table, partnerId),
    findPartnerState(table, partnerId),
  ]);
  const { value } = orThrow(credential ?? notFound());
  return { body: viewSecretState(value, orThrow(state ?? notFound()), now) };
});
