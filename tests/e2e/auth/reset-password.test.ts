import { passwordLinkGuessLimit } from "../../../shared/identity/model.ts";
import { newLinkToken } from "../../../shared/identity/password-links.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { changeUser, goodPassword, newPerson, newUser, plantUsers, sessionOf, signIn } from "../../support/people.ts";
import { passwordLinkCalls } from "../../support/password-links.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { secondFactorCalls } from "../../support/second-factor.ts";
import { codesOf, newPassword, sessionCalls } from "../../support/sessions.ts";
import { contentsOf, plantItem } from "../../support/table.ts";
import { crowdTimeoutMs, wrongPassword } from "../../support/values.ts";

const portico = Portico.forSuite();
const { newLink, reset } = passwordLinkCalls(portico);
const { expectOver, changePassword } = sessionCalls(portico);
const { newEquippedPerson } = secondFactorCalls(portico);

const plantIds = async (count: number) => (await plantUsers(portico, count)).map(({ id }) => id);

test("a person who forgot the password sets a new one: its sessions end, and the new password signs in", async () => {
  const person = await newPerson(portico);
  const answer = await reset(await newLink(person.id), newPassword);
  expect(answer).toMatchObject({ status: 200, body: { username: person.username } });
  await expectOver(person);
  expectProblem(await signIn(portico, person), 401, "credentials_invalid");
  await sessionOf(portico, { ...person, password: newPassword });
  expect(await codesOf(portico, answer)).toContain("password_reset");
});

test("a new user without a password sets its first one, and may go on at once", async () => {
  const { body: user } = await portico.callAsRoot("POST", "/v1/users", { username: "invited", name: "Grace" });
  expect((await reset(await newLink(user.id), newPassword)).status).toBe(200);
  const { accessToken } = await sessionOf(portico, { username: "invited", password: newPassword });
  expect((await portico.call("GET", "/v1/users/me", { token: accessToken })).status).toBe(200);
});

test("a user with a one-time password may go on at once after a reset", async () => {
  const { body: user } = await portico.callAsRoot("POST", "/v1/users", {
    username: "one-time",
    name: "Grace",
    password: goodPassword,
  });
  expect((await reset(await newLink(user.id), newPassword)).status).toBe(200);
  const { accessToken } = await sessionOf(portico, { username: "one-time", password: newPassword });
  expect((await portico.call("GET", "/v1/users/me", { token: accessToken })).status).toBe(200);
});

test(
  "of fifty parallel uses of one token, exactly one succeeds",
  async () => {
    const user = await newUser(portico);
    const token = await newLink(user.id);
    const passwords = Array.from({ length: 50 }, (_, index) => `${newPassword} ${index}`);
    const answers = await inParallel(50, (index) => reset(token, passwords[index]!));
    expect(tally(answers.map(({ status, body }) => `${status} ${body.code}`))).toEqual({
      "200 undefined": 1,
      "401 password_link_invalid": 49,
    });
    const winner = passwords[answers.findIndex(({ status }) => status === 200)]!;
    await sessionOf(portico, { ...user, password: winner });
  },
  crowdTimeoutMs,
);

test("a used, a replaced and an expired link get the same answer as a wrong one", async () => {
  const [user, other] = await plantIds(2);
  const used = await newLink(user!);
  expect((await reset(used, newPassword)).status).toBe(200);
  const replaced = await newLink(user!);
  await newLink(user!);
  const expired = await newLink(other!);
  const item = (await contentsOf(portico.host, `PASSWORD-LINK#${other}`))[0]!;
  await plantItem(portico.host, { ...item, expiresAt: new Date().toISOString() });
  const details = new Set<string>();
  for (const token of [used, replaced, expired, newLinkToken(user!), "no token", `${used}x`]) {
    const answer = await reset(token, newPassword);
    expectProblem(answer, 401, "password_link_invalid");
    details.add(answer.body.detail);
  }
  expect(details.size).toBe(1);
});

test("a change of the role, a suspension and the person's own change of the password end the link", async () => {
  const [promoted, suspended] = await plantIds(2);
  const person = await newPerson(portico);
  const tokens = [await newLink(promoted!), await newLink(suspended!), await newLink(person.id)];
  await changeUser(portico, promoted!, { role: "admin" });
  await changeUser(portico, suspended!, { status: "suspended" });
  expect((await changePassword(person.accessToken, person.password)).status).toBe(204);
  for (const token of tokens) expectProblem(await reset(token, goodPassword), 401, "password_link_invalid");
});

test("a refused password does not use the link up", async () => {
  const [user] = await plantUsers(portico, 1);
  const token = await newLink(user!.id);
  expectProblem(await reset(token, "password1234"), 422, "password_too_common");
  expectProblem(await reset(token, "short"), 422, "validation_failed");
  expect((await reset(token, newPassword)).status).toBe(200);
});

test("a second factor stays", async () => {
  const person = await newEquippedPerson();
  expect((await reset(await newLink(person.id), newPassword)).status).toBe(200);
  const answer = await signIn(portico, { ...person, password: newPassword });
  expectProblem(answer, 401, "second_factor_required");
});

test("a reset ends a lockout of the password", async () => {
  const user = await newUser(portico);
  for (let attempt = 0; attempt < 10; attempt++) await signIn(portico, { ...user, password: wrongPassword });
  expectProblem(await signIn(portico, user), 429, "too_many_attempts");
  expect((await reset(await newLink(user.id), newPassword)).status).toBe(200);
  await sessionOf(portico, { ...user, password: newPassword });
});

test("wrong tokens have a limit, which never refuses the right one", async () => {
  const [user] = await plantUsers(portico, 1);
  const token = await newLink(user!.id);
  const wrong = newLinkToken(user!.id);
  // A window of time may end in between, which starts the count again.
  const statuses = new Set<number>();
  for (let round = 0; round < 3 && !statuses.has(429); round++) {
    const answers = await inParallel(passwordLinkGuessLimit.maxFailures, () => reset(wrong, newPassword));
    for (const { status } of answers) statuses.add(status);
  }
  expect(statuses).toEqual(new Set([401, 429]));
  expect((await reset(token, newPassword)).status).toBe(200);
});
