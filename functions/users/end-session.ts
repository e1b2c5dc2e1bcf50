import { requireRole } from "../../shared/contract/principal.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { endLiveSession } from "../../shared/identity/session-store.ts";
import { operations } from "../../shared/users/contract.ts";
import { endSessionsOf } from "../../shared/users/rules.ts";
import { readUser } from "../../shared/users/store.ts";

export const handler = serve(operations.endSession, async ({ path, principal, table, environment, now }) => {
  const user = orThrow(endSessionsOf(await readUser(table, path.userId), requireRole(principal)));
  const session = { userId: user.id, sessionId: path.sessionId };
  return {
    change: await endLiveSession(table, session, environment.USER_TOKEN_SECONDS, now),
    audit: { target: user.id, before: { session: session.sessionId }, after: null },
  };
});
