/** The migration `session-start`: sessions say when they began, and how their owner signed in. */
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { listStoredSessions, sessionStartUpdate } from "../identity/session-store.ts";
import type { Table } from "../runtime/table.ts";
import { signInMethodOf } from "../users/rules.ts";
import { findUser } from "../users/store.ts";
import type { Count } from "./model.ts";

/** Adds to each session of a user what it lacks. */
export async function addSessionStarts(table: Table, userId: string): Promise<Count> {
  const sessions = await listStoredSessions(table, userId);
  const incomplete = sessions.filter(({ signInMethod }) => signInMethod === undefined);
  const user = incomplete.length === 0 ? undefined : await findUser(table, userId);
  // Sessions of a deleted user are over.
  if (user === undefined) return { read: sessions.length, changed: 0 };
  const method = signInMethodOf(user);
  let changed = 0;
  for (const session of incomplete) {
    try {
      await table.update(sessionStartUpdate(session, method));
      changed++;
    } catch (error) {
      // The session has ended, or another run was faster.
      if (!(error instanceof ConcurrencyConflict)) throw error;
    }
  }
  return { read: sessions.length, changed };
}
