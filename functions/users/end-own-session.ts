import { serve } from "../../shared/http/serve.ts";
import { endLiveSession } from "../../shared/identity/session-store.ts";
import { operations } from "../../shared/users/contract.ts";

export const handler = serve(operations.endOwnSession, async ({ path, principal, table, environment, now }) => {
  const session = { userId: principal.id, sessionId: path.sessionId };
  return { change: await endLiveSession(table, session, environment.USER_TOKEN_SECONDS, now) };
});
