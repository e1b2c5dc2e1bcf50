/** The checker of the identity model: it must not explain what no order explains. */
import { explain, type IdentityState } from "../../support/identity-model.ts";

const state: IdentityState = {
  partner: { status: "active", tokenPolicy: "single", requiresBound: false, secrets: ["s"] },
  user: { status: "active", role: "user" },
  sessions: [],
  tokens: [],
};
const issue = (token: string) => ({ kind: "issue", secret: "s", isBound: false, token }) as const;
const tokensOf = (states: readonly IdentityState[]) => states.map(({ tokens }) => tokens.map(({ label }) => label));

test("each order of two parallel issues under the policy single leaves the later token", () => {
  const observed = [
    { event: issue("a"), answer: "done" },
    { event: issue("b"), answer: "done" },
  ] as const;
  expect(tokensOf(explain(state, observed))).toEqual([["b"], ["a"]]);
});

test("answers leave only the orders that explain them", () => {
  const suspend = { kind: "changePartner", patch: { status: "suspended" } } as const;
  const afterwards = [
    { event: issue("a"), answer: "refused" },
    { event: suspend, answer: "done" },
  ] as const;
  expect(tokensOf(explain(state, afterwards))).toEqual([[]]);
});

test("what no order explains is not explained", () => {
  const revoke = { kind: "revokeTokens" } as const;
  const revived = [
    { event: revoke, answer: "done" },
    { event: { kind: "present", token: "old" } as const, answer: "done" },
  ] as const;
  expect(explain(state, revived)).toEqual([]);
  expect(explain(state, [{ event: { ...issue("a"), secret: "wrong" }, answer: "done" }])).toEqual([]);
});
