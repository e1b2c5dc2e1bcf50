import { serve } from "../../shared/http/serve.ts";
import { secondFactorRemoval } from "../../shared/identity/second-factor-store.ts";
import { operations } from "../../shared/users/contract.ts";
import { requirePassword } from "../../shared/users/sign-in-user.ts";
import { readUser } from "../../shared/users/store.ts";
import { requireConfirmed, verifySecondFactor } from "../../shared/users/verify-second-factor.ts";

export const handler = serve(operations.removeSecondFactor, async (request) => {
  const { body, principal, table, secrets } = request;
  const access = { table, secrets, userId: principal.id };
  const confirmed = await requireConfirmed(access);
  if (body.password !== undefined) {
    await requirePassword(table, await readUser(table, principal.id), body.password, request);
  }
  const before = body.code === undefined ? confirmed : (await verifySecondFactor(access, body.code, request)).before;
  return {
    change: secondFactorRemoval(principal.id, before),
    audit: { target: principal.id, before: { secondFactor: true }, after: { secondFactor: false } },
    securityEvents: [{ event: "second_factor_changed", principalId: principal.id }],
  };
});
