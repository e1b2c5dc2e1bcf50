/** Reads and writes of sessions, and of the part of a user's state that decides about them. */
import { revokedMeanwhile } from "../domain/problems.ts";
import type { Change, Expression, Table, Write } from "../runtime/table.ts";
import { all, conflict, present, putAbsent, updateIf } from "../runtime/writes.ts";
import { identityKey } from "./keys.ts";
import { endedSessionMarginSeconds, maxEndedSessions, type Session, type UserState } from "./model.ts";
import { isAlive } from "./sessions.ts";
import { findUserState } from "./store.ts";

export async function findSession(table: Table, userId: string, sessionId: string): Promise<Session | undefined> {
  return await table.get(identityKey.session(userId, sessionId));
}

/** A session that was alive when it was read, with the state that says so. */
export interface LiveSession {
  readonly sessionId: string;
  readonly state: UserState;
}

/**
 * The caller's session, for a change that must not revive an ended one.
 *
 * @throws Problem `token_revoked` if the session has ended since the authorizer accepted the token
 */
export async function requireAlive(table: Table, userId: string, sessionId: string): Promise<LiveSession> {
  const [session, state] = await Promise.all([findSession(table, userId, sessionId), findUserState(table, userId)]);
  if (session !== undefined && state !== undefined && isAlive(session, state)) return { sessionId, state };
  throw revokedMeanwhile();
}

export function sessionCreation(session: Session): Write {
  return putAbsent(identityKey.session(session.userId, session.sessionId), withTtl(session));
}

/** Replaces the current refresh token by its successor. Only one of many parallel callers succeeds. */
export function sessionContinuation(before: Session, after: Session): Write {
  return {
    put: { ...identityKey.session(after.userId, after.sessionId), ...withTtl(after) },
    condition: all(
      { expression: "tokenHash = :tokenHash", values: { ":tokenHash": before.tokenHash } },
      { expression: "generation = :generation", values: { ":generation": before.generation } },
    ),
    onConditionFailed: conflict,
  };
}

/**
 * Ends one session: its refresh token and, at once, its access tokens.
 *
 * @param state as read; a change of it since is an optimistic-concurrency conflict
 * @param accessTokenSeconds the lifetime of its access tokens; undefined for tokens that never expire
 */
export function endSession(
  { userId, sessionId }: Pick<Session, "userId" | "sessionId">,
  state: UserState,
  accessTokenSeconds: number | undefined,
  now: Date,
): Change {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  const remembered = Object.entries(state.endedSessions ?? {}).filter(([, until]) => until > nowSeconds);
  const until =
    accessTokenSeconds === undefined
      ? Number.MAX_SAFE_INTEGER
      : nowSeconds + accessTokenSeconds + endedSessionMarginSeconds;
  const forgets = remembered.length >= maxEndedSessions;
  const ended = forgets ? {} : { ...Object.fromEntries(remembered), [sessionId]: until };
  const set = {
    expression: forgets
      ? "SET endedSessions = :ended, version = version + :one REMOVE keptTokensFrom"
      : "SET endedSessions = :ended",
    values: { ":ended": ended, ...(forgets && { ":one": 1 }) },
  };
  return [
    { delete: identityKey.session(userId, sessionId) },
    updateIf(identityKey.principal(userId), sessionsUnchanged(state), set),
  ];
}

/** No session of the user has ended since its state was read. */
function sessionsUnchanged({ version, endedSessions }: UserState): Expression {
  return all(
    { expression: "version = :version", values: { ":version": version } },
    endedSessions === undefined
      ? { expression: "attribute_not_exists(endedSessions)" }
      : { expression: "endedSessions = :before", values: { ":before": endedSessions } },
  );
}

const nextVersion = "SET version = version + :one, sessionsFrom = version + :one";

/** What changes in the state of a user together with its sessions: no transaction may name an item twice. */
export interface StateChange {
  readonly set?: "secondFactor";
  readonly remove?: "secondFactor" | "passwordIsOneTime";
}

/**
 * Ends every session of a user, or every other one.
 *
 * @param kept the session that continues; a change of its state since it was read is an optimistic-concurrency conflict
 */
export function endAllSessions(userId: string, kept?: LiveSession, { set, remove }: StateChange = {}): Write {
  const key = identityKey.principal(userId);
  const setting = set === undefined ? "" : `, ${set} = :true`;
  const removing = remove === undefined ? "" : `, ${remove}`;
  const values = { ":one": 1, ...(set !== undefined && { ":true": true }) };
  if (kept === undefined) {
    const expression = `${nextVersion}${setting} REMOVE keptSession, keptTokensFrom, endedSessions${removing}`;
    return updateIf(key, present, { expression, values });
  }
  return updateIf(key, sessionsUnchanged(kept.state), {
    expression: `${nextVersion}, keptSession = :kept, keptTokensFrom = :from${setting} REMOVE endedSessions${removing}`,
    values: { ...values, ":kept": kept.sessionId, ":from": oldestTokenVersion(kept) },
  });
}

/** Records how the owner of a session has proved its identity by now. */
export function sessionProof({ userId, sessionId }: Pick<Session, "userId" | "sessionId">, amr: Session["amr"]): Write {
  return updateIf(identityKey.session(userId, sessionId), present, {
    expression: "SET amr = :amr",
    values: { ":amr": amr },
  });
}

/** The version of the oldest access tokens of a session that are valid. */
function oldestTokenVersion({ sessionId, state }: LiveSession): number {
  return state.keptSession === sessionId ? (state.keptTokensFrom ?? state.version) : state.version;
}

/** DynamoDB deletes a session some time after its last refresh token has expired. */
function withTtl(session: Session): Session & { readonly ttl: number } {
  return { ...session, ttl: Math.ceil(Date.parse(session.expiresAt) / 1000) };
}
