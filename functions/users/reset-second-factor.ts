import { requireRole } from "../../shared/contract/principal.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { secondFactorReset } from "../../shared/identity/second-factor-store.ts";
import { operations } from "../../shared/users/contract.ts";
import { resetSecondFactor } from "../../shared/users/rules.ts";
import { readUser } from "../../shared/users/store.ts";

export const handler = serve(operations.resetSecondFactor, async ({ path, principal, table }) => {
  const user = orThrow(resetSecondFactor(await readUser(table, path.userId), requireRole(principal)));
  return {
    change: secondFactorReset(user.id),
    audit: { target: user.id, before: { secondFactor: true }, after: { secondFactor: false } },
    securityEvents: [{ event: "second_factor_reset", principalId: user.id }],
  };
});
