import { Problem } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { findSecondFactor, secondFactorWrite } from "../../shared/identity/second-factor-store.ts";
import { beginSecondFactor } from "../../shared/identity/second-factor.ts";
import { base32, otpauthUri } from "../../shared/identity/totp.ts";
import { operations } from "../../shared/users/contract.ts";
import { requirePassword } from "../../shared/users/sign-in-user.ts";
import { readUser } from "../../shared/users/store.ts";
import { ownerOf } from "../../shared/users/verify-second-factor.ts";

export const handler = serve(operations.enrolSecondFactor, {
  prepare: async (request) => {
    const user = await readUser(request.table, request.principal.id);
    await requirePassword(request.table, user, request.body.password, request);
    return user;
  },
  decide: async ({ prepared: user, table, secrets, environment }) => {
    const before = await findSecondFactor(table, user.id);
    if (before?.confirmedAt !== undefined) {
      throw new Problem("second_factor_exists", "Remove the second factor before you enrol another one.");
    }
    const { secret, factor } = beginSecondFactor(await ownerOf({ secrets, userId: user.id }));
    const issuer = `Portico ${new URL(environment.PUBLIC_URL).hostname}`;
    return {
      body: { secret: base32(secret), uri: otpauthUri(secret, { issuer, account: user.username }) },
      change: [secondFactorWrite(user.id, before, factor)],
    };
  },
});
