/**
 * Every access token is accepted exactly as long as a small model says so, after any sequence of events of its principal. A
 * token that was refused once is therefore refused for ever, because the model only ever takes tokens away.
 */
import fc from "fast-check";
import type { Principal } from "../../../shared/contract/principal.ts";
import { newId } from "../../../shared/domain/ids.ts";
import { isCurrent } from "../../../shared/identity/authenticate.ts";
import { acceptsClientSecret, replaceClientSecret } from "../../../shared/identity/client-secrets.ts";
import {
  maxEndedSessions,
  withSecondFactor,
  type PrincipalState,
  type Session,
  type UserState,
} from "../../../shared/identity/model.ts";
import { secondFactorReset } from "../../../shared/identity/second-factor-store.ts";
import {
  endAllSessions,
  endSession,
  findSession,
  requireAlive,
  sessionContinuation,
  sessionCreation,
  sessionProof,
} from "../../../shared/identity/session-store.ts";
import {
  beginSession,
  continueSession,
  isAlive,
  newRefreshToken,
  successorOf,
  type RefreshToken,
} from "../../../shared/identity/sessions.ts";
import {
  clientCredentialReplacement,
  findClientCredential,
  findPartnerState,
  findPrincipal,
  findUserState,
  nextTokenVersion,
  partnerStateChange,
  principalCreation,
  principalDeletion,
  principalRemoval,
  tokenRevocation,
  userStateChange,
} from "../../../shared/identity/store.ts";
import type { Table } from "../../../shared/runtime/table.ts";
import { tableForFile } from "../../support/engine-table.ts";

const start = new Date("2026-11-20T12:00:00.000Z");
const maxAgeSeconds = 3600;
const refreshKey = "the key that no table has";

let table: Table;
tableForFile((started) => (table = started));

/** An issued token: what the authorizer gets from it, and whether it is still accepted. */
interface ModelToken {
  readonly principal: Principal;
  readonly version: number;
  accepted: boolean;
}

async function expectAsModelled(id: string, tokens: readonly ModelToken[]): Promise<void> {
  const state: PrincipalState | undefined = await findPrincipal(table, id);
  const actual = tokens.map(({ principal, version }) => state !== undefined && isCurrent(state, principal, version));
  expect(actual).toEqual(tokens.map(({ accepted }) => accepted));
}

interface ModelSession {
  refreshToken: RefreshToken;
  alive: boolean;
}

/** A user in the table, with the model of what its tokens and sessions are worth. */
class ModelledUser {
  readonly id = newId("usr_", start);
  readonly sessions: ModelSession[] = [];
  readonly tokens: ModelToken[] = [];
  #status: UserState["status"] = "active";
  #role: "user" | "admin" = "user";
  #ended: number;

  constructor(ended: number) {
    this.#ended = ended;
  }

  async create(): Promise<void> {
    const others = Array.from({ length: this.#ended }, (_, index) => [`ses_${index}`, Number.MAX_SAFE_INTEGER]);
    const endedSessions = Object.fromEntries(others) as Record<string, number>;
    const state = { kind: "user", status: "active", role: "user", version: 1, sessionsFrom: 1, endedSessions } as const;
    await table.commit(principalCreation(this.id, state, {}));
  }

  async signIn(): Promise<void> {
    const state = await this.#state();
    if (state.status !== "active") return;
    const refreshToken = newRefreshToken(this.id, newId("ses_", start));
    const begin = { clientId: "web", signInMethod: "password", version: state.version, maxAgeSeconds } as const;
    await table.commit([sessionCreation(beginSession(refreshToken, begin, start))]);
    this.sessions.push({ refreshToken, alive: true });
    this.#issue(refreshToken.sessionId, state);
  }

  async refresh(session: ModelSession): Promise<void> {
    const state = await this.#state();
    const stored = await this.#stored(session);
    expect(stored !== undefined && isAlive(stored, state)).toBe(session.alive);
    if (stored === undefined || !session.alive) return;
    session.refreshToken = successorOf(session.refreshToken, refreshKey);
    const next = continueSession(stored, session.refreshToken, { version: state.version, maxAgeSeconds }, start);
    await table.commit([sessionContinuation(stored, next)]);
    this.#issue(stored.sessionId, state);
  }

  async changePassword(session: ModelSession): Promise<void> {
    if (!session.alive) return;
    const { sessionId } = session.refreshToken;
    await table.commit([endAllSessions(this.id, await requireAlive(table, this.id, sessionId))]);
    this.#ended = 0;
    this.#end((token) => token.principal.kind === "user" && token.principal.sessionId !== sessionId);
    for (const other of this.sessions) other.alive &&= other === session;
  }

  async confirmSecondFactor(session: ModelSession): Promise<void> {
    if (!session.alive) return;
    const { sessionId } = session.refreshToken;
    const live = await requireAlive(table, this.id, sessionId);
    await table.commit([
      endAllSessions(this.id, live, { set: "secondFactor" }),
      sessionProof({ userId: this.id, sessionId }, withSecondFactor),
    ]);
    this.#ended = 0;
    this.#end((token) => token.principal.kind === "user" && token.principal.sessionId !== sessionId);
    for (const other of this.sessions) other.alive &&= other === session;
  }

  async resetSecondFactor(): Promise<void> {
    await table.commit(secondFactorReset(this.id));
    this.#ended = 0;
    this.#end();
    this.#endSessions();
  }

  async signOut(): Promise<void> {
    await table.commit([endAllSessions(this.id)]);
    this.#ended = 0;
    this.#end();
    this.#endSessions();
  }

  async revoke(session: ModelSession): Promise<void> {
    const { sessionId } = session.refreshToken;
    if ((await this.#stored(session)) === undefined) return;
    await table.commit(endSession({ userId: this.id, sessionId }, await this.#state(), 900, start));
    session.alive = false;
    const forgets = this.#ended >= maxEndedSessions;
    this.#ended = forgets ? 0 : this.#ended + 1;
    this.#end((token) => forgets || (token.principal.kind === "user" && token.principal.sessionId === sessionId));
  }

  async change(change: { readonly status?: "active" | "suspended"; readonly role?: "user" | "admin" }): Promise<void> {
    const { status = this.#status, role = this.#role } = change;
    if (this.#status === "deleted" || status === "deleted") return;
    if (status === this.#status && role === this.#role) return;
    await table.commit([userStateChange(this.id, { status, role })]);
    this.#status = status;
    this.#role = role;
    this.#end();
    if (status === "suspended") this.#endSessions();
  }

  async delete(): Promise<void> {
    await table.commit(principalDeletion(this.id));
    this.#status = "deleted";
    this.#end();
    this.#endSessions();
  }

  #issue(sessionId: string, { version, role }: UserState): void {
    const principal = { kind: "user", id: this.id, tokenId: `${this.tokens.length}`, role, sessionId } as const;
    this.tokens.push({ principal, version, accepted: true });
  }

  #end(which: (token: ModelToken) => boolean = () => true): void {
    for (const token of this.tokens) token.accepted &&= !which(token);
  }

  #endSessions(): void {
    for (const session of this.sessions) session.alive = false;
  }

  async #state(): Promise<UserState> {
    const state = await findUserState(table, this.id);
    if (state === undefined) throw new Error("the state of a user never disappears");
    return state;
  }

  async #stored({ refreshToken }: ModelSession): Promise<Session | undefined> {
    return await findSession(table, this.id, refreshToken.sessionId);
  }
}

type UserEvent = (user: ModelledUser) => Promise<void>;

/** An event of one of the sessions, if there is one. */
const ofSession = (name: string, event: (user: ModelledUser, session: ModelSession) => Promise<void>) =>
  fc.nat({ max: 3 }).map((index): readonly [string, UserEvent] => [
    `${name} ${index}`,
    async (user) => {
      const session = user.sessions[index];
      if (session !== undefined) await event(user, session);
    },
  ]);

const always = (name: string, event: UserEvent) => fc.constant([name, event] as const);

const userEvent = fc.oneof(
  { weight: 3, arbitrary: always("sign in", (user) => user.signIn()) },
  { weight: 3, arbitrary: ofSession("refresh", (user, session) => user.refresh(session)) },
  { weight: 3, arbitrary: ofSession("change the password in", (user, session) => user.changePassword(session)) },
  { weight: 2, arbitrary: ofSession("confirm a factor in", (user, session) => user.confirmSecondFactor(session)) },
  { weight: 1, arbitrary: always("reset the factor", (user) => user.resetSecondFactor()) },
  { weight: 2, arbitrary: ofSession("revoke", (user, session) => user.revoke(session)) },
  { weight: 2, arbitrary: always("promote", (user) => user.change({ role: "admin" })) },
  { weight: 2, arbitrary: always("demote", (user) => user.change({ role: "user" })) },
  { weight: 1, arbitrary: always("suspend", (user) => user.change({ status: "suspended" })) },
  { weight: 2, arbitrary: always("resume", (user) => user.change({ status: "active" })) },
  { weight: 1, arbitrary: always("sign out", (user) => user.signOut()) },
  { weight: 1, arbitrary: always("delete", (user) => user.delete()) },
);

async function playUser(events: readonly (readonly [string, UserEvent])[], ended: number): Promise<void> {
  const user = new ModelledUser(ended);
  await user.create();
  await user.signIn();
  for (const [, event] of events) {
    await event(user);
    await expectAsModelled(user.id, user.tokens);
  }
  for (const session of user.sessions) await user.refresh(session);
}

describe("a user's access token is accepted if and only if the model says so", () => {
  test("after any sequence of events", async () => {
    const sequence = fc.array(userEvent, { maxLength: 25 });
    const ended = fc.constantFrom(0, maxEndedSessions - 1, maxEndedSessions);
    await fc.assert(
      fc.asyncProperty(sequence, ended, async (events, count) => {
        await playUser(events, count);
      }),
      { numRuns: 100 },
    );
  }, 300_000);

  test("after a password change, a change of the role and back", async () => {
    const user = new ModelledUser(0);
    await user.create();
    await user.signIn();
    await user.changePassword(user.sessions[0]!);
    await expectAsModelled(user.id, user.tokens);
    for (const role of ["admin", "user"] as const) {
      await user.change({ role });
      await expectAsModelled(user.id, user.tokens);
    }
    await user.refresh(user.sessions[0]!);
    await expectAsModelled(user.id, user.tokens);
    expect(user.tokens.map(({ accepted }) => accepted)).toEqual([false, true]);
  });
});

/** A partner in the table, with the model of its tokens and secrets. */
class ModelledPartner {
  readonly id = newId("ptr_", start);
  readonly tokens: ModelToken[] = [];
  /** The current secret and, while its grace period lasts, the one before. */
  #valid: string[] = ["secret-0"];
  #secrets = ["secret-0"];
  #status: "active" | "suspended" | "deleted" | "removed" = "active";
  #policy: "single" | "many" = "single";

  async create(): Promise<void> {
    const state = { kind: "partner", status: "active", tokenPolicy: "single", version: 0 } as const;
    await table.commit(principalCreation(this.id, state, { secretHash: "secret-0" }));
  }

  async issue(): Promise<void> {
    const state = await findPartnerState(table, this.id, ["active"]);
    expect(state !== undefined).toBe(this.#status === "active");
    if (state === undefined) return;
    const single = this.#policy === "single";
    if (single) this.#end();
    const { version } = single
      ? await table.update(nextTokenVersion(this.id, { isBound: false, now: new Date() }))
      : state;
    const tokenId = `${this.tokens.length}`;
    this.tokens.push({ principal: { kind: "partner", id: this.id, tokenId, scopes: [] }, version, accepted: true });
  }

  async revoke(): Promise<void> {
    if (this.#status === "removed") return;
    await table.commit([tokenRevocation(this.id)]);
    this.#end();
  }

  async change(change: {
    readonly status?: "active" | "suspended";
    readonly tokenPolicy?: "single" | "many";
  }): Promise<void> {
    if (this.#status === "deleted" || this.#status === "removed") return;
    const { status = this.#status, tokenPolicy = this.#policy } = change;
    const endsTokens =
      (this.#status === "active" && status === "suspended") || (this.#policy === "many" && tokenPolicy === "single");
    await table.commit([partnerStateChange(this.id, { status, tokenPolicy }, { endsTokens })]);
    this.#status = status;
    this.#policy = tokenPolicy;
    if (endsTokens) this.#end();
  }

  async renewSecret(graceMs: number): Promise<void> {
    const current = await findClientCredential(table, this.id);
    expect(current !== undefined).toBe(this.#status === "active" || this.#status === "suspended");
    if (current === undefined) return;
    const secret = `secret-${this.#secrets.length}`;
    const next = replaceClientSecret(current.value, secret, graceMs, start);
    await table.commit([clientCredentialReplacement(this.id, next, current.revision)]);
    this.#valid = graceMs > 0 ? [secret, this.#secrets.at(-1)!] : [secret];
    this.#secrets.push(secret);
  }

  async delete(): Promise<void> {
    if (this.#status === "removed") return;
    await table.commit(principalDeletion(this.id));
    this.#status = "deleted";
    this.#end();
  }

  async finishDeletion(): Promise<void> {
    if (this.#status !== "deleted") return;
    await table.commit(principalRemoval(this.id));
    this.#status = "removed";
  }

  async expectSecretsAsModelled(): Promise<void> {
    const credential = (await findClientCredential(table, this.id))?.value;
    const exists = this.#status === "active" || this.#status === "suspended";
    const accepted = this.#secrets.filter((secret) => acceptsClientSecret(credential, secret, start));
    expect(accepted).toEqual(this.#secrets.filter((secret) => exists && this.#valid.includes(secret)));
  }

  #end(): void {
    for (const token of this.tokens) token.accepted = false;
  }
}

type PartnerEvent = (partner: ModelledPartner) => Promise<void>;
const ofPartner = (name: string, event: PartnerEvent) => fc.constant([name, event] as const);

const partnerEvent = fc.oneof(
  { weight: 5, arbitrary: ofPartner("issue", (partner) => partner.issue()) },
  { weight: 2, arbitrary: ofPartner("revoke", (partner) => partner.revoke()) },
  { weight: 2, arbitrary: ofPartner("suspend", (partner) => partner.change({ status: "suspended" })) },
  { weight: 3, arbitrary: ofPartner("resume", (partner) => partner.change({ status: "active" })) },
  { weight: 2, arbitrary: ofPartner("allow many", (partner) => partner.change({ tokenPolicy: "many" })) },
  { weight: 2, arbitrary: ofPartner("allow a single one", (partner) => partner.change({ tokenPolicy: "single" })) },
  { weight: 2, arbitrary: ofPartner("renew the secret", (partner) => partner.renewSecret(0)) },
  { weight: 2, arbitrary: ofPartner("renew it with grace", (partner) => partner.renewSecret(1000)) },
  { weight: 1, arbitrary: ofPartner("delete", (partner) => partner.delete()) },
  { weight: 1, arbitrary: ofPartner("finish the deletion", (partner) => partner.finishDeletion()) },
);

test("a partner's tokens and secrets are accepted if and only if the model says so", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(partnerEvent, { maxLength: 25 }), async (events) => {
      const partner = new ModelledPartner();
      await partner.create();
      for (const [, event] of events) {
        await event(partner);
        await expectAsModelled(partner.id, partner.tokens);
        await partner.expectSecretsAsModelled();
      }
    }),
    { numRuns: 60 },
  );
}, 300_000);
