import { publicClients } from "../../shared/runtime/environment.ts";
import { Problem } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { openSession } from "../../shared/identity/open-session.ts";
import { operations } from "../../shared/users/contract.ts";
import { proveSecondFactor, signInUser } from "../../shared/users/sign-in-user.ts";
import { viewUser } from "../../shared/users/view.ts";

export const handler = serve(operations.login, {
  prepare: async (request) => {
    const signedIn = await signInUser(request.table, request.body, request);
    if (signedIn === undefined) throw new Problem("credentials_invalid", "The username or the password is wrong.");
    return signedIn;
  },
  decide: async (request) => {
    const { body, environment, prepared, attempt } = request;
    const { user, state } = prepared;
    const { amr, used } = await proveSecondFactor(prepared, body.code, request, request);
    const [clientId = ""] = publicClients(environment);
    const { tokens, creation } = await openSession(user.id, { clientId, amr }, state, request);
    // A hash that was replaced meanwhile would be a conflict for ever, and the next sign-in can renew it as well.
    const rehash = attempt === 1 ? prepared.rehash : [];
    return {
      body: { ...tokens, tokenType: "Bearer" as const, user: viewUser(user) },
      change: [creation, ...rehash, ...(used === undefined ? [] : [used.use])],
      securityEvents: used?.by === "recovery_code" ? [{ event: "recovery_code_used", principalId: user.id }] : [],
    };
  },
});
