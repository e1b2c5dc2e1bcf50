/**
 * Events of a partner and a person, several at a time and in any order, against a model: every answer and every token is what
 * some order of the parallel events explains, and a token that was refused once is refused for ever.
 */
import fc from "fast-check";
import { newProofKey, type ProofKey } from "../../support/dpop.ts";
import { IdentityDriver } from "../../support/identity-driver.ts";
import { explain, type EventAnswer, type IdentityEvent, type IdentityState } from "../../support/identity-model.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();

let key: ProofKey;
beforeAll(async () => {
  key = await newProofKey();
});

/** Chooses among what the driver knows when the event begins; undefined where it knows none. */
type Choice = (driver: IdentityDriver, label: string) => IdentityEvent | undefined;

const always = (choose: (label: string) => IdentityEvent): fc.Arbitrary<Choice> =>
  fc.constant((_driver: IdentityDriver, label: string) => choose(label));

/** An event about one of the things that are known. */
function about(
  known: (driver: IdentityDriver) => readonly string[],
  choose: (name: string, label: string) => IdentityEvent,
): fc.Arbitrary<Choice> {
  return fc.nat().map((index): Choice => (driver, label) => {
    const names = known(driver);
    const name = names[index % Math.max(1, names.length)];
    return name === undefined ? undefined : choose(name, label);
  });
}

const sessions = ({ sessions: known }: IdentityDriver) => [...known.keys()];
const secrets = ({ secrets: known }: IdentityDriver) => [...known.keys()];
const tokens = ({ tokens: known }: IdentityDriver) => [...known.keys()];
const userTokens = ({ tokens: known }: IdentityDriver) =>
  [...known].flatMap(([label, { owner }]) => (owner === "user" ? [label] : []));

const patchPartner = (patch: Extract<IdentityEvent, { kind: "changePartner" }>["patch"]) =>
  always(() => ({ kind: "changePartner", patch }));
const patchUser = (patch: Extract<IdentityEvent, { kind: "changeUser" }>["patch"]) =>
  always(() => ({ kind: "changeUser", patch }));

const choice: fc.Arbitrary<Choice> = fc.oneof(
  { weight: 10, arbitrary: about(secrets, (secret, token) => ({ kind: "issue", secret, isBound: false, token })) },
  { weight: 6, arbitrary: about(secrets, (secret, token) => ({ kind: "issue", secret, isBound: true, token })) },
  { weight: 4, arbitrary: always(() => ({ kind: "revokeTokens" })) },
  { weight: 4, arbitrary: patchPartner({ status: "suspended" }) },
  { weight: 6, arbitrary: patchPartner({ status: "active" }) },
  { weight: 4, arbitrary: patchPartner({ tokenPolicy: "many" }) },
  { weight: 2, arbitrary: patchPartner({ tokenPolicy: "single" }) },
  { weight: 4, arbitrary: patchPartner({ requiresBound: true }) },
  { weight: 4, arbitrary: patchPartner({ requiresBound: false }) },
  { weight: 4, arbitrary: always((secret) => ({ kind: "renewSecret", keepsPrevious: false, secret })) },
  { weight: 4, arbitrary: always((secret) => ({ kind: "renewSecret", keepsPrevious: true, secret })) },
  { weight: 6, arbitrary: always((label) => ({ kind: "signIn", session: label, token: label })) },
  { weight: 12, arbitrary: about(sessions, (session, token) => ({ kind: "refresh", session, token })) },
  { weight: 4, arbitrary: about(sessions, (session) => ({ kind: "revokeSession", session })) },
  { weight: 4, arbitrary: about(userTokens, (token) => ({ kind: "signOut", token })) },
  { weight: 4, arbitrary: patchUser({ role: "admin" }) },
  { weight: 4, arbitrary: patchUser({ role: "user" }) },
  { weight: 5, arbitrary: patchUser({ status: "suspended" }) },
  { weight: 10, arbitrary: patchUser({ status: "active" }) },
  { weight: 6, arbitrary: about(tokens, (token) => ({ kind: "present", token })) },
  { weight: 1, arbitrary: always(() => ({ kind: "deletePartner" })) },
  { weight: 1, arbitrary: always(() => ({ kind: "deleteUser" })) },
);

/** Two refreshes of one session at once would be a client's own retry, which has tests of its own. */
function withoutTwins(events: readonly IdentityEvent[]): readonly IdentityEvent[] {
  const refreshed = new Set<string>();
  return events.filter((event) => {
    if (event.kind !== "refresh") return true;
    const isFirst = !refreshed.has(event.session);
    refreshed.add(event.session);
    return isFirst;
  });
}

/** The different states among them. */
function distinct(states: readonly IdentityState[]): readonly IdentityState[] {
  const byForm = states.map((state) => {
    const sorted = { ...state, sessions: state.sessions.toSorted(), tokens: state.tokens.toSorted(byLabel) };
    return [JSON.stringify(sorted), state] as const;
  });
  return [...new Map(byForm).values()];
}

const byLabel = (one: { readonly label: string }, other: { readonly label: string }) =>
  one.label < other.label ? -1 : 1;

/** Which of the tokens are accepted now. */
async function acceptedBy(driver: IdentityDriver): Promise<readonly string[]> {
  const labels = tokens(driver);
  const answers = await Promise.all(labels.map(async (token) => await driver.answerOf({ kind: "present", token })));
  return labels.filter((_label, place) => answers[place] === "done").sort();
}

async function playAll(rounds: readonly (readonly Choice[])[]): Promise<void> {
  const driver = new IdentityDriver(portico, key);
  let states: readonly IdentityState[] = [await driver.begin()];
  const refusedOnce = new Set<string>();
  const history: { readonly event: IdentityEvent; readonly answer: EventAnswer }[][] = [];
  for (const [round, choices] of rounds.entries()) {
    const events = choices.flatMap((choose, place) => choose(driver, `${round}.${place}`) ?? []);
    const observed = await Promise.all(
      withoutTwins(events).map(async (event) => ({ event, answer: await driver.answerOf(event) })),
    );
    history.push(observed);
    const accepted = await acceptedBy(driver);
    const explained = distinct(states.flatMap((state) => explain(state, observed)));
    states = explained.filter(({ tokens: valid }) => same(valid.map(({ label }) => label).sort(), accepted));
    const revived = accepted.filter((label) => refusedOnce.has(label));
    if (states.length === 0 || revived.length > 0) {
      throw new Error(JSON.stringify({ revived, accepted, explained, history }, undefined, 1));
    }
    for (const label of tokens(driver)) if (!accepted.includes(label)) refusedOnce.add(label);
  }
}

const same = (one: readonly string[], other: readonly string[]) => JSON.stringify(one) === JSON.stringify(other);

test("an order of parallel events explains every answer and every token, and no refused token comes back", async () => {
  const rounds = fc.array(fc.array(choice, { minLength: 1, maxLength: 4, size: "max" }), {
    minLength: 6,
    maxLength: 12,
  });
  await fc.assert(fc.asyncProperty(rounds, playAll), { numRuns: 12 });
}, 300_000);
