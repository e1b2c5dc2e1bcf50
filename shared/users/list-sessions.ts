/** Lists the sessions of a user. */
import { listLiveSessions } from "../identity/session-store.ts";
import { maxSessionSeconds } from "../identity/sessions.ts";
import { findUserState } from "../identity/store.ts";
import type { Environment } from "../runtime/environment.ts";
import type { Table } from "../runtime/table.ts";
import type { SessionView } from "./contract.ts";
import { viewSession } from "./view.ts";

/** The sessions of a user that are alive, oldest first. @param currentId the session of the caller */
export async function listSessions(
  table: Table,
  userId: string,
  currentId: string,
  { environment, now }: { readonly environment: Environment; readonly now: Date },
): Promise<readonly SessionView[]> {
  const state = await findUserState(table, userId);
  if (state === undefined) return [];
  const maxAgeSeconds = maxSessionSeconds(state.role, environment);
  const sessions = await listLiveSessions(table, userId, state, { maxAgeSeconds, now });
  return sessions.map((session) => viewSession(session, maxAgeSeconds, currentId));
}
