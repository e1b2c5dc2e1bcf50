/** Reads and writes of sessions, and of the part of a user's state that decides about them. */
import { notFound, revokedMeanwhile } from "../domain/problems.ts";
import type { Change, ConditionalUpdate, Expression, Table, Write } from "../runtime/table.ts";
import { all, conflict, present, putAbsent, updateIf } from "../runtime/writes.ts";
import { identityKey } from "./keys.ts";
import {
  endedSessionMarginSeconds,
  maxEndedSessions,
  type Session,
  type SignInMethod,
  type UserState,
} from "./model.ts";
import { expiryOf, isAlive, withStart, type EarlierSession } from "./sessions.ts";
import { findUserState } from "./store.ts";

export async function findSession(table: Table, userId: string, sessionId: string): Promise<Session | undefined> {
  const session = await table.get(identityKey.session(userId, sessionId));
  return session && withStart(session);
}

const sessionsPerQuery = 100;

/** The sessions of a user as they are kept, oldest first, ended ones among them. */
export async function listStoredSessions(table: Table, userId: string): Promise<readonly EarlierSession[]> {
  const sessions: EarlierSession[] = [];
  let after: string | undefined;
  do {
    const page = await table.query({ partition: identityKey.session(userId, ""), after, limit: sessionsPerQuery });
    sessions.push(...page.items);
    after = page.lastKey;
  } while (after !== undefined);
  return sessions;
}

/** The sessions of a user that are alive, oldest first. */
export async function listLiveSessions(
  table: Table,
  userId: string,
  state: UserState,
  { maxAgeSeconds, now }: { readonly maxAgeSeconds: number; readonly now: Date },
): Promise<readonly Session[]> {
  const sessions = (await listStoredSessions(table, userId)).map(withStart);
  return sessions.filter((session) => isAlive(session, state) && expiryOf(session, maxAgeSeconds) > now);
}

/** Adds what earlier releases did not keep, for the migration `session-start`. Everything else of the session stays as it is. */
export function sessionStartUpdate(session: EarlierSession, signInMethod: SignInMethod): ConditionalUpdate {
  const { userId, sessionId } = session;
  const { createdAt, authenticatedAt } = withStart(session);
  return updateIf(
    identityKey.session(userId, sessionId),
    all(present, { expression: "attribute_not_exists(signInMethod)" }),
    {
      expression: "SET createdAt = :createdAt, authenticatedAt = :authenticatedAt, signInMethod = :signInMethod",
      values: { ":createdAt": createdAt, ":authenticatedAt": authenticatedAt, ":signInMethod": signInMethod },
    },
  );
}

/**
 * Ends one session of a user.
 *
 * @param accessTokenSeconds the lifetime of its access tokens; undefined for tokens that never expire
 * @throws Problem `not_found` for a session that has ended or belongs to a different user
 */
export async function endLiveSession(
  table: Table,
  { userId, sessionId }: Pick<Session, "userId" | "sessionId">,
  accessTokenSeconds: number | undefined,
  now: Date,
): Promise<Change> {
  const [session, state] = await Promise.all([findSession(table, userId, sessionId), findUserState(table, userId)]);
  if (session === undefined || state === undefined || !isAlive(session, state)) throw notFound();
  return endSession(session, state, accessTokenSeconds, now);
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
      // Otherwise a refresh would undo the migration of the session.
      ...(before.signInMethod === undefined ? [{ expression: "attribute_not_exists(signInMethod)" }] : []),
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
  session: Pick<Session, "userId" | "sessionId">,
  state: UserState,
  accessTokenSeconds: number | undefined,
  now: Date,
): Change {
  const { set } = rememberEnded([session], state, accessTokenSeconds, now);
  return [
    { delete: identityKey.session(session.userId, session.sessionId) },
    updateIf(identityKey.principal(session.userId), sessionsUnchanged(state), set),
  ];
}

/** What the opening of a session changes besides the session itself. */
export interface SessionOpening {
  readonly change: Change;
  /** The user's token version from then on. */
  readonly version: number;
}

/**
 * Counts the opening of a session, so that no two openings decide on the same sessions, and ends the surplus ones.
 *
 * @param state as read; a change of it since is an optimistic-concurrency conflict
 * @param accessTokenSeconds the lifetime of their access tokens; undefined for tokens that never expire
 */
export function sessionOpening(
  userId: string,
  state: UserState,
  { surplus, accessTokenSeconds, now }: SurplusSessions,
): SessionOpening {
  const count = {
    expression: "SET sessionsOpened = :opened",
    values: { ":opened": (state.sessionsOpened ?? 0) + 1 },
  };
  const key = identityKey.principal(userId);
  if (surplus.length === 0) {
    return { change: [updateIf(key, all(present, countUnchanged(state)), count)], version: state.version };
  }
  const { set, forgets } = rememberEnded(surplus, state, accessTokenSeconds, now);
  const both = {
    expression: set.expression.replace("SET", `${count.expression},`),
    values: { ...set.values, ...count.values },
  };
  return {
    change: [
      ...surplus.map(({ sessionId }) => ({ delete: identityKey.session(userId, sessionId) })),
      updateIf(key, all(sessionsUnchanged(state), countUnchanged(state)), both),
    ],
    version: forgets ? state.version + 1 : state.version,
  };
}

/** No session of the user has been opened since its state was read. */
function countUnchanged({ sessionsOpened }: UserState): Expression {
  return sessionsOpened === undefined
    ? { expression: "attribute_not_exists(sessionsOpened)" }
    : { expression: "sessionsOpened = :openedBefore", values: { ":openedBefore": sessionsOpened } };
}

/** The sessions that an opening ends. */
interface SurplusSessions {
  readonly surplus: readonly Session[];
  readonly accessTokenSeconds: number | undefined;
  readonly now: Date;
}

/** Refuses the access tokens of ended sessions. If there are too many of them, it ends all access tokens of the user instead. */
function rememberEnded(
  sessions: readonly Pick<Session, "sessionId">[],
  state: UserState,
  accessTokenSeconds: number | undefined,
  now: Date,
): { readonly set: Expression; readonly forgets: boolean } {
  const nowSeconds = Math.floor(now.getTime() / 1000);
  const remembered = Object.entries(state.endedSessions ?? {}).filter(([, until]) => until > nowSeconds);
  const until =
    accessTokenSeconds === undefined
      ? Number.MAX_SAFE_INTEGER
      : nowSeconds + accessTokenSeconds + endedSessionMarginSeconds;
  const ended = [...remembered, ...sessions.map(({ sessionId }) => [sessionId, until] as const)];
  const forgets = ended.length > maxEndedSessions;
  const set = {
    expression: forgets
      ? "SET endedSessions = :ended, version = version + :one REMOVE keptTokensFrom"
      : "SET endedSessions = :ended",
    values: { ":ended": forgets ? {} : Object.fromEntries(ended), ...(forgets && { ":one": 1 }) },
  };
  return { set, forgets };
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
  /** The state that was decided on; a change of it since is an optimistic-concurrency conflict. */
  readonly decidedOn?: UserState;
}

/**
 * Ends every session of a user, or every other one.
 *
 * @param kept the session that continues; a change of its state since it was read is an optimistic-concurrency conflict
 */
export function endAllSessions(userId: string, kept?: LiveSession, change: StateChange = {}): Write {
  const { set, remove, decidedOn } = change;
  const key = identityKey.principal(userId);
  const setting = set === undefined ? "" : `, ${set} = :true`;
  const removing = remove === undefined ? "" : `, ${remove}`;
  const values = { ":one": 1, ...(set !== undefined && { ":true": true }) };
  if (kept === undefined) {
    const expression = `${nextVersion}${setting} REMOVE keptSession, keptTokensFrom, endedSessions${removing}`;
    const condition = decidedOn === undefined ? present : sessionsUnchanged(decidedOn);
    return updateIf(key, condition, { expression, values });
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
