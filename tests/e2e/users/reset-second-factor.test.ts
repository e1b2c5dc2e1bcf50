import { expectReplayed, withKey } from "../../support/idempotency.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson, newUser, signIn } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { secondFactorCalls } from "../../support/second-factor.ts";
import { codesOf, sessionCalls } from "../../support/sessions.ts";
import { contentsOf } from "../../support/table.ts";
import { unknownUserId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { newEquippedPerson, reset, enrol } = secondFactorCalls(portico);
const { expectOver } = sessionCalls(portico);

test("an administrator resets a user's factor: its sessions are over, and its password signs in", async () => {
  const person = await newEquippedPerson();
  const administrator = await newPerson(portico, "admin");
  const answer = await reset(administrator.accessToken, person.id);
  expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
  await expectOver(person);
  const { status, body } = await signIn(portico, person);
  expect(status).toBe(200);
  expect((await enrol(body.accessToken, person.password)).status).toBe(200);
  expect(await codesOf(portico, answer)).toContain("second_factor_reset");
});

test("only root resets an administrator's, and nobody root's", async () => {
  const equipped = await newEquippedPerson("admin");
  const administrator = await newPerson(portico, "admin");
  const root = await portico.rootToken();
  const { body: rootUser } = await portico.call("GET", "/v1/users/me", { token: root });
  expectProblem(await reset(administrator.accessToken, equipped.id), 403, "forbidden");
  expectProblem(await reset(administrator.accessToken, administrator.id), 403, "forbidden");
  expectProblem(await reset(administrator.accessToken, rootUser.id), 403, "forbidden");
  expectProblem(await reset(root, rootUser.id), 403, "forbidden");
  expectProblem(await signIn(portico, equipped), 401, "second_factor_required");
  expect((await reset(root, equipped.id)).status).toBe(204);
  expect((await signIn(portico, equipped)).status).toBe(200);
});

test("users reset nobody's, and unknown users have none", async () => {
  const person = await newPerson(portico);
  expectProblem(await reset(person.accessToken, person.id), 403, "forbidden");
  expectProblem(await reset(await portico.rootToken(), unknownUserId), 404, "not_found");
});

test("a user without a second factor loses its sessions", async () => {
  const person = await newPerson(portico);
  expect((await reset(await portico.rootToken(), person.id)).status).toBe(204);
  await expectOver(person);
  expect((await signIn(portico, person)).status).toBe(200);
});

test("with an idempotency key, a replay returns the first response", async () => {
  const user = await newUser(portico);
  const token = await portico.rootToken();
  const headers = withKey();
  const first = await reset(token, user.id, headers);
  expectReplayed(await reset(token, user.id, headers), first);
});

test("the deletion of a user deletes its second factor", async () => {
  const person = await newEquippedPerson();
  expect((await portico.callAsRoot("DELETE", `/v1/users/${person.id}`)).status).toBe(204);
  const keys = (await contentsOf(portico.host)).map(({ pk }) => pk);
  expect(keys).not.toContain(`SECOND-FACTOR#${person.id}`);
});
