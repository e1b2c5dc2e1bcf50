import { hashClientSecret } from "../../../shared/identity/client-secrets.ts";
import { passwordLinkSeconds, type UserState } from "../../../shared/identity/model.ts";
import {
  acceptsLink,
  hashLinkToken,
  newLinkToken,
  passwordLink,
  userOfLinkToken,
} from "../../../shared/identity/password-links.ts";

const userId = "usr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";
const now = new Date("2026-11-20T12:00:00Z");
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const state: UserState = { kind: "user", status: "active", role: "user", version: 1, sessionsFrom: 1 };
const hash = hashLinkToken("right", "key");
const link = passwordLink(hash, "user", now);

test("a token names its person, and two tokens differ", () => {
  const [one, other] = [newLinkToken(userId), newLinkToken(userId)];
  expect(userOfLinkToken(one)).toBe(userId);
  expect(one).not.toBe(other);
});

const secret = newLinkToken(userId).split(".")[1]!;
test.each([
  "",
  "x",
  secret,
  `.${secret}`,
  `${userId}.${secret}`,
  `${userId.slice(4)}.${secret}x`,
  `${userId.slice(4)}.`,
])("the text %p is no token", (text) => {
  expect(userOfLinkToken(text)).toBeUndefined();
});

test("the hash depends on the key, and is no hash of a client secret", () => {
  expect(hashLinkToken("right", "other key")).not.toBe(hash);
  expect(hashClientSecret("right", "key")).not.toBe(hash);
});

test("a link is accepted until the last moment of its day", () => {
  expect(acceptsLink(link, state, hash, now)).toBe(true);
  expect(acceptsLink(link, state, hash, later(passwordLinkSeconds - 0.001))).toBe(true);
  expect(acceptsLink(link, state, hash, later(passwordLinkSeconds))).toBe(false);
});

test.each<[string, UserState | undefined]>([
  ["that does not exist", undefined],
  ["who is suspended", { ...state, status: "suspended" }],
  ["who is deleted", { ...state, status: "deleted" }],
  ["who became an administrator", { ...state, role: "admin" }],
])("a link is refused for a person %s", (_title, changed) => {
  expect(acceptsLink(link, changed, hash, now)).toBe(false);
});

test("a wrong token and an absent link are refused", () => {
  expect(acceptsLink(link, state, hashLinkToken("wrong", "key"), now)).toBe(false);
  expect(acceptsLink(undefined, state, hash, now)).toBe(false);
});
