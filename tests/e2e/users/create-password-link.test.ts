import { hashed } from "../../../shared/runtime/key.ts";
import { withKey } from "../../support/idempotency.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson, newUser, plantUsers, sessionOf } from "../../support/people.ts";
import { passwordLinkCalls } from "../../support/password-links.ts";
import { Portico } from "../../support/portico.ts";
import { codesOf, linesOf, sessionCalls } from "../../support/sessions.ts";
import { contentsOf } from "../../support/table.ts";
import { unknownUserId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { link, newLink } = passwordLinkCalls(portico);
const { expectAlive } = sessionCalls(portico);

test("an administrator makes a link for a user, and nothing changes for the user", async () => {
  const person = await newPerson(portico);
  const administrator = await newPerson(portico, "admin");
  const answer = await link(administrator.accessToken, person.id);
  expect(answer.status).toBe(200);
  const { url, token, expiresAt } = answer.body;
  expect(url).toBe(`${portico.url}/console#/password/${token}`);
  expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(23 * 3_600_000);
  await expectAlive(person);
  expect(await codesOf(portico, answer)).toContain("password_link_created");
});

test("the token is neither kept nor logged", async () => {
  const user = await newUser(portico);
  const answer = await link(await portico.rootToken(), user.id, withKey());
  const secret = String(answer.body.token).split(".")[1]!;
  const kept = JSON.stringify(await contentsOf(portico.host));
  expect(kept).toContain(`PASSWORD-LINK#${user.id}`);
  for (const trace of [secret, hashed(secret), hashed(answer.body.token)]) expect(kept).not.toContain(trace);
  expect((await linesOf(portico, answer)).join()).not.toContain(secret);
});

test("only root makes links for administrators, and nobody for root", async () => {
  const other = await newUser(portico, {}, "admin");
  const administrator = await newPerson(portico, "admin");
  const root = await portico.rootToken();
  const { body: rootUser } = await portico.call("GET", "/v1/users/me", { token: root });
  expectProblem(await link(administrator.accessToken, other.id), 403, "forbidden");
  expectProblem(await link(administrator.accessToken, rootUser.id), 403, "forbidden");
  expectProblem(await link(root, rootUser.id), 403, "forbidden");
  expect((await link(root, other.id)).status).toBe(200);
});

test("users make none, and unknown users get none", async () => {
  const person = await newPerson(portico);
  expectProblem(await link(person.accessToken, person.id), 403, "forbidden");
  expectProblem(await link(await portico.rootToken(), unknownUserId), 404, "not_found");
});

test("a replay has no token", async () => {
  const [user] = await plantUsers(portico, 1);
  const headers = withKey();
  const token = await portico.rootToken();
  const first = await link(token, user!.id, headers);
  const replay = await link(token, user!.id, headers);
  expect(replay.headers.get("idempotency-replayed")).toBe("true");
  expect(replay).toMatchObject({ status: 200, body: { expiresAt: first.body.expiresAt } });
  expect(Object.keys(replay.body)).toEqual(["expiresAt"]);
});

test("the deletion of a user deletes its link", async () => {
  const [user] = await plantUsers(portico, 1);
  await newLink(user!.id);
  expect((await portico.callAsRoot("DELETE", `/v1/users/${user!.id}`)).status).toBe(204);
  const keys = (await contentsOf(portico.host)).map(({ pk }) => pk);
  expect(keys).not.toContain(`PASSWORD-LINK#${user!.id}`);
});

test("a user who was created without a password has no session until it sets one", async () => {
  const { status, body } = await portico.callAsRoot("POST", "/v1/users", { username: "without", name: "Grace" });
  expect(status).toBe(201);
  await expect(sessionOf(portico, { username: "without", password: "" })).rejects.toThrow();
  expect(await newLink(body.id)).toMatch(/^[0-9A-Z]{26}\./);
});
