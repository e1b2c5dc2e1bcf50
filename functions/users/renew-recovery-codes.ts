import { serve } from "../../shared/http/serve.ts";
import { secondFactorWrite } from "../../shared/identity/second-factor-store.ts";
import { renewRecoveryCodes, showRecoveryCode } from "../../shared/identity/second-factor.ts";
import { operations } from "../../shared/users/contract.ts";
import { ownerOf, requireConfirmed, verifySecondFactor } from "../../shared/users/verify-second-factor.ts";

export const handler = serve(operations.renewRecoveryCodes, async (request) => {
  const { body, principal, table, secrets } = request;
  const access = { table, secrets, userId: principal.id };
  await requireConfirmed(access);
  const { before, next } = await verifySecondFactor(access, body.code, request);
  const { codes, factor } = renewRecoveryCodes(next, await ownerOf(access));
  return {
    body: { recoveryCodes: codes.map(showRecoveryCode) },
    change: [secondFactorWrite(principal.id, before, factor)],
    audit: { target: principal.id, before: null, after: null },
    securityEvents: [{ event: "second_factor_changed", principalId: principal.id }],
  };
});
