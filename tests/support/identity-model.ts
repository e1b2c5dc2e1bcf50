/**
 * What the identity of one partner and one person is worth, as a pure model: each event gives an answer and the next state. It
 * knows neither versions nor retries, so it says what callers may rely on and nothing of how it is held.
 */

/** Labels name tokens, sessions and client secrets. */
type Label = string;

export type IdentityEvent =
  | { readonly kind: "issue"; readonly secret: Label; readonly isBound: boolean; readonly token: Label }
  | { readonly kind: "revokeTokens" }
  | {
      readonly kind: "changePartner";
      readonly patch: Partial<Pick<Partner, "status" | "tokenPolicy" | "requiresBound">>;
    }
  | { readonly kind: "renewSecret"; readonly keepsPrevious: boolean; readonly secret: Label }
  | { readonly kind: "deletePartner" }
  | { readonly kind: "signIn"; readonly session: Label; readonly token: Label }
  | { readonly kind: "refresh"; readonly session: Label; readonly token: Label }
  | { readonly kind: "revokeSession"; readonly session: Label }
  | { readonly kind: "signOut"; readonly token: Label }
  /** What a sign-out does after it was let in. */
  | { readonly kind: "endSessions" }
  | { readonly kind: "changeUser"; readonly patch: Partial<Pick<User, "status" | "role">> }
  | { readonly kind: "deleteUser" }
  | { readonly kind: "present"; readonly token: Label };

interface Partner {
  readonly status: "active" | "suspended" | "deleted";
  readonly tokenPolicy: "single" | "many";
  readonly requiresBound: boolean;
  /** The secrets that are valid, the current one first. */
  readonly secrets: readonly Label[];
}

interface User {
  readonly status: "active" | "suspended" | "deleted";
  readonly role: "user" | "admin";
}

export interface IdentityState {
  readonly partner: Partner;
  readonly user: User;
  /** The sessions that are alive. */
  readonly sessions: readonly Label[];
  /** The tokens that are accepted; a person's token has its session. */
  readonly tokens: readonly { readonly label: Label; readonly session?: Label }[];
}

export type EventAnswer = "done" | "refused";

const done = (state: IdentityState) => ({ state, answer: "done" as const });
const refused = (state: IdentityState) => ({ state, answer: "refused" as const });
const withoutPartnerTokens = ({ tokens }: IdentityState) => tokens.filter(({ session }) => session !== undefined);
const withoutUserTokens = ({ tokens }: IdentityState) => tokens.filter(({ session }) => session === undefined);

/** The answer to an event and the state after it. */
export function play(
  state: IdentityState,
  event: IdentityEvent,
): { readonly state: IdentityState; readonly answer: EventAnswer } {
  switch (event.kind) {
    case "present":
      return state.tokens.some(({ label }) => label === event.token) ? done(state) : refused(state);
    case "issue":
    case "revokeTokens":
    case "changePartner":
    case "renewSecret":
    case "deletePartner":
      return playPartner(state, event);
    default:
      return playUser(state, event);
  }
}

type PartnerEvent = Extract<
  IdentityEvent,
  { kind: "issue" | "revokeTokens" | "changePartner" | "renewSecret" | "deletePartner" }
>;

function playPartner(state: IdentityState, event: PartnerEvent) {
  const { partner } = state;
  // Who deletes what is gone already gets 404; both answers mean that it is gone.
  if (event.kind === "deletePartner") {
    return done({ ...state, partner: { ...partner, status: "deleted" }, tokens: withoutPartnerTokens(state) });
  }
  if (partner.status === "deleted") return refused(state);
  switch (event.kind) {
    case "issue": {
      const isRefused = partner.status !== "active" || !partner.secrets.includes(event.secret);
      if (isRefused || (partner.requiresBound && !event.isBound)) return refused(state);
      const others = partner.tokenPolicy === "single" ? withoutPartnerTokens(state) : state.tokens;
      return done({ ...state, tokens: [...others, { label: event.token }] });
    }
    case "revokeTokens":
      return done({ ...state, tokens: withoutPartnerTokens(state) });
    case "changePartner": {
      const after = { ...partner, ...event.patch };
      const endsTokens =
        (partner.status === "active" && after.status === "suspended") ||
        (partner.tokenPolicy === "many" && after.tokenPolicy === "single") ||
        (!partner.requiresBound && after.requiresBound);
      return done({ ...state, partner: after, tokens: endsTokens ? withoutPartnerTokens(state) : state.tokens });
    }
    case "renewSecret": {
      const secrets = [event.secret, ...(event.keepsPrevious ? partner.secrets.slice(0, 1) : [])];
      return done({ ...state, partner: { ...partner, secrets } });
    }
  }
}

type UserEvent = Exclude<IdentityEvent, PartnerEvent | { kind: "present" }>;

function playUser(state: IdentityState, event: UserEvent) {
  const { user, sessions, tokens } = state;
  switch (event.kind) {
    case "signIn": {
      if (user.status !== "active") return refused(state);
      const token = { label: event.token, session: event.session };
      return done({ ...state, sessions: [...sessions, event.session], tokens: [...tokens, token] });
    }
    case "refresh":
      return sessions.includes(event.session)
        ? done({ ...state, tokens: [...tokens, { label: event.token, session: event.session }] })
        : refused(state);
    case "revokeSession":
      return done({
        ...state,
        sessions: sessions.filter((session) => session !== event.session),
        tokens: tokens.filter(({ session }) => session !== event.session),
      });
    case "signOut":
      return tokens.some(({ label }) => label === event.token) ? done(state) : refused(state);
    case "endSessions":
      return done({ ...state, sessions: [], tokens: withoutUserTokens(state) });
    case "changeUser": {
      if (user.status === "deleted") return refused(state);
      const after = { ...user, ...event.patch };
      if (after.status === user.status && after.role === user.role) return done(state);
      const left = after.status === "suspended" ? [] : sessions;
      return done({ ...state, user: after, sessions: left, tokens: withoutUserTokens(state) });
    }
    case "deleteUser":
      return done({
        ...state,
        user: { ...user, status: "deleted" },
        sessions: [],
        tokens: withoutUserTokens(state),
      });
  }
}

/** An event with the answer that was observed. */
export interface Observed {
  readonly event: IdentityEvent;
  readonly answer: EventAnswer;
}

/**
 * The states in which the events may have left the model: one for each order of them that explains every answer
 * (linearizability). None means that no order does.
 *
 * A sign-out has two moments: the authorizer lets it in, and later it takes effect. Another event may come between them, such as
 * a second sign-out with the same token.
 */
export function explain(before: IdentityState, observed: readonly Observed[]): readonly IdentityState[] {
  if (observed.length === 0) return [before];
  return observed.flatMap((first, place) => {
    const { state, answer } = play(before, first.event);
    if (answer !== first.answer) return [];
    const isLetIn = first.event.kind === "signOut" && answer === "done";
    const effect: readonly Observed[] = isLetIn ? [{ event: { kind: "endSessions" }, answer: "done" }] : [];
    return explain(state, [...observed.toSpliced(place, 1), ...effect]);
  });
}
