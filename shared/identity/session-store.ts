/** Items of sessions, and what a user's state says of them. */
import { Problem } from "../domain/problems.ts";
import { all, absent, present } from "../runtime/writes.ts";
import { key } from "../runtime/key.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Change, Expression, Table, Write } from "../runtime/table.ts";
import type { Session } from "./sessions.ts";
import { findUserState, type UserState } from "./store.ts";

export async function findSession(table: Table, userId: string, sessionId: string): Promise<Session | undefined> {
  return (await table.get(key.session(userId, sessionId))) as Session | undefined;
}

/** Whether a session goes on, as far as the user's state says. */
export function isAlive(session: Session, state: UserState): boolean {
  return (
    state.status === "active" &&
    (session.version >= state.sessionsFrom || state.keptSession === session.sessionId) &&
    state.endedSessions?.[session.sessionId] === undefined
  );
}

/**
 * The caller's session with the state by which it is alive, for a change that must not bring it back.
 *
 * @throws Problem `token_revoked` if it has ended since the authorizer let it pass
 */
export async function requireAlive(
  table: Table,
  userId: string,
  sessionId: string,
): Promise<{ readonly sessionId: string; readonly state: UserState }> {
  const [session, state] = await Promise.all([findSession(table, userId, sessionId), findUserState(table, userId)]);
  if (session !== undefined && state !== undefined && isAlive(session, state)) return { sessionId, state };
  throw new Problem("token_revoked", "The access token was revoked while this request was running.");
}

export function sessionCreation(session: Session): Write {
  return { put: toItem(session), condition: absent, onConditionFailed: () => new ConcurrencyConflict() };
}

/** The next token takes the place of the present one, which only one of many callers can achieve. */
export function sessionContinuation(before: Session, after: Session): Write {
  return {
    put: toItem(after),
    condition: all(
      { expression: "tokenHash = :tokenHash", values: { ":tokenHash": before.tokenHash } },
      { expression: "generation = :generation", values: { ":generation": before.generation } },
    ),
    onConditionFailed: () => new ConcurrencyConflict(),
  };
}

/** So many ended sessions are remembered; with one more, all access tokens of the user are ended instead. */
const maxEnded = 50;

/**
 * Ends one session: its refresh token and, at once, its access tokens.
 *
 * @param state as read; if it has changed meanwhile the write is stale
 * @param accessTokenSeconds how long its access tokens might live on; undefined for ever
 */
export function endSession(
  userId: string,
  sessionId: string,
  state: UserState,
  accessTokenSeconds: number | undefined,
  now: Date,
): Change {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  const remembered = Object.entries(state.endedSessions ?? {}).filter(([, until]) => until > nowSeconds);
  const until = accessTokenSeconds === undefined ? Number.MAX_SAFE_INTEGER : nowSeconds + accessTokenSeconds;
  const forgets = remembered.length >= maxEnded;
  const ended = forgets ? {} : { ...Object.fromEntries(remembered), [sessionId]: until };
  return [
    { delete: key.session(userId, sessionId) },
    {
      update: key.principal(userId),
      set: {
        expression: forgets
          ? "SET endedSessions = :ended, version = version + :one REMOVE keptSession"
          : "SET endedSessions = :ended",
        values: { ":ended": ended, ...(forgets && { ":one": 1 }) },
      },
      condition: sessionsUnchanged(state),
      onConditionFailed: () => new ConcurrencyConflict(),
    },
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

/**
 * Ends every session of a user, or every one but one.
 *
 * @param kept the session that goes on, alive by this state: if it has changed meanwhile the write is stale
 */
export function endAllSessions(
  userId: string,
  kept?: { readonly sessionId: string; readonly state: UserState },
): Write {
  return {
    update: key.principal(userId),
    set:
      kept === undefined
        ? {
            expression: "SET version = version + :one, sessionsFrom = version + :one REMOVE keptSession, endedSessions",
            values: { ":one": 1 },
          }
        : {
            expression:
              "SET version = version + :one, sessionsFrom = version + :one, keptSession = :kept REMOVE endedSessions",
            values: { ":one": 1, ":kept": kept.sessionId },
          },
    condition: kept === undefined ? present : sessionsUnchanged(kept.state),
    onConditionFailed: () => new ConcurrencyConflict(),
  };
}

function toItem(session: Session) {
  // DynamoDB removes it some time after its last token has expired.
  const ttl = Math.ceil(Date.parse(session.expiresAt) / 1000);
  return { ...key.session(session.userId, session.sessionId), ...session, ttl };
}
