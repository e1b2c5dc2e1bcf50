import { publicClients } from "../../shared/runtime/environment.ts";
import { Problem } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { openSession } from "../../shared/identity/open-session.ts";
import { findUserState } from "../../shared/identity/store.ts";
import { operations } from "../../shared/users/sign-in-contract.ts";
import { proveSecondFactor, signInUser } from "../../shared/users/sign-in-user.ts";
import { viewUser } from "../../shared/users/view.ts";

export const handler = serve(operations.login, {
  prepare: async (request) => {
    const signedIn = await signInUser(request.table, request.body, request);
    if (signedIn === undefined) throw new Problem("credentials_invalid", "The username or the password is wrong.");
    return signedIn;
  },
  decide: async (request) => {
    const { table, body, environment, attempt, prepared } = request;
    const { user, state: proven, rehash } = prepared;
    const { amr, used } = await proveSecondFactor(prepared, body.code, request, request);
    const state = attempt === 1 ? proven : ((await findUserState(table, user.id)) ?? proven);
    const [clientId = ""] = publicClients(environment);
    const signIn = { userId: user.id, clientId, signInMethod: "password", amr, proven } as const;
    const { tokens, change } = await openSession(table, signIn, state, request);
    return {
      body: { ...tokens, tokenType: "Bearer" as const, user: viewUser(user) },
      // After a conflict it may have been stored by another sign-in; the next one stores it otherwise.
      change: [...change, ...(attempt === 1 ? rehash : []), ...(used === undefined ? [] : [used.use])],
      securityEvents: used?.by === "recovery_code" ? [{ event: "recovery_code_used", principalId: user.id }] : [],
    };
  },
});
