/** The password that an administrator chooses for a new user is one-time. */
import { expectProblem } from "../../../support/expect-problem.ts";
import {
  goodPassword,
  sessionOf,
  signIn,
  userFields,
  type TestSession,
  type TestUser,
} from "../../../support/people.ts";
import { Portico } from "../../../support/portico.ts";
import { callAll } from "../../../support/requests.ts";
import { newPassword, sessionCalls } from "../../../support/sessions.ts";
import { operations } from "../../../../shared/operations.ts";

const portico = Portico.forSuite();
const { changePassword, present, expectAlive } = sessionCalls(portico);

/** A user as an administrator leaves it, with its first session. */
async function beginner(): Promise<TestUser & TestSession> {
  const { body } = await portico.callAsRoot("POST", "/v1/users", userFields());
  const user = { id: body.id as string, username: body.username as string, password: goodPassword };
  return { ...user, ...(await sessionOf(portico, user)) };
}

test("until the password is changed, nothing but the change and the sign-out is served", async () => {
  const { accessToken: token } = await beginner();
  const served = operations.filter(
    ({ access, id }) =>
      access !== "public" &&
      access.user?.roles.includes("user") === true &&
      !["users.change-password", "auth.logout"].includes(id),
  );
  expect(served.length).toBeGreaterThan(5);
  for (const answer of await callAll(portico, served, token)) expectProblem(answer, 403, "password_change_required");
});

test("the session that changes the password goes on at once, and so does its refresh", async () => {
  const person = await beginner();
  expect((await changePassword(person.accessToken, person.password)).status).toBe(204);
  expect((await present(person.accessToken)).status).toBe(200);
  await expectAlive(person);
  const { body } = await signIn(portico, { ...person, password: newPassword });
  expect((await present(body.accessToken)).status).toBe(200);
});

test("the same password again is no change", async () => {
  const person = await beginner();
  const answer = await changePassword(person.accessToken, person.password, person.password);
  expectProblem(answer, 422, "validation_failed", ["/newPassword"]);
  expectProblem(await present(person.accessToken), 403, "password_change_required");
});

test("sign-out works, and the next sign-in still has to change the password", async () => {
  const person = await beginner();
  expect((await portico.call("POST", "/v1/auth/logout", { token: person.accessToken })).status).toBe(204);
  const { accessToken } = await sessionOf(portico, person);
  expectProblem(await present(accessToken), 403, "password_change_required");
});

test("a promotion does not lift the duty", async () => {
  const { id, username, password } = await beginner();
  expect((await portico.callAsRoot("PATCH", `/v1/users/${id}`, { role: "admin" })).status).toBe(200);
  const { accessToken: token } = await sessionOf(portico, { username, password });
  expectProblem(await portico.call("GET", "/v1/users", { token }), 403, "password_change_required");
});

test("root's password comes from its secret and is not one-time", async () => {
  expect((await present(await portico.rootToken())).status).toBe(200);
});
