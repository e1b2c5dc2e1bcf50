import { randomUUID } from "node:crypto";
import { verdict } from "../../support/answer.ts";
import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { newPerson, newUser, refreshed, sessionOf, signIn } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { sessionCalls } from "../../support/sessions.ts";
import { contentsOf } from "../../support/table.ts";
import { userCalls } from "../../support/users.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { change, create, read, remove, self } = userCalls(portico);
const { expectOver } = sessionCalls(portico);

describe("deleting a user", () => {
  test("returns 204, and afterwards nothing finds it and its credentials fail", async () => {
    const { id, username, password, accessToken } = await newPerson(portico);
    const answer = await remove(id);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    for (const gone of [await read(id), await change(id, { status: "active" }), await remove(id)]) {
      expectProblem(gone, 404, "not_found");
    }
    expectTokenRefused(await self(accessToken), "token_revoked");
    expectProblem(await signIn(portico, { username, password }), 401, "credentials_invalid");
  });

  test("deletes credential and sessions with the user", async () => {
    const { id } = await newUser(portico);
    await remove(id);
    const left = (await contentsOf(portico.host)).filter((item) => JSON.stringify(item).includes(id));
    expect(left.map(({ pk }) => pk).filter((pk) => /^(CREDENTIAL|USER#|SESSIONS)/.test(String(pk)))).toEqual([]);
  });

  test("erases the name, and nothing connects the username to the id any more", async () => {
    const name = `Grace ${randomUUID()}`;
    const { id, username } = await newUser(portico, { name, credit: 7 });
    await remove(id);
    const left = await contentsOf(portico.host);
    expect(left.filter((item) => JSON.stringify(item).includes(name))).toEqual([]);
    const named = left.filter((item) => JSON.stringify(item).includes(username));
    expect(named).toEqual([{ pk: `USERNAME#${username}`, sk: "USERNAME" }]);
    expectProblem(await create({ username: username.toUpperCase() }), 409, "username_taken");
  });

  test("rejects a stale If-Match and accepts the current ETag", async () => {
    const { body } = await create();
    const { body: changed } = await change(body.id, { status: "suspended" });
    expectProblem(await remove(body.id, { "if-match": body.etag }), 412, "precondition_failed");
    expect((await remove(body.id, { "if-match": changed.etag })).status).toBe(204);
  });

  test("fifty parallel deletions return 204 or 404", async () => {
    const { id } = await newUser(portico);
    const verdicts = tally((await inParallel(50, () => remove(id))).map(verdict));
    expect(Object.keys(verdicts).filter((each) => each !== "204" && each !== "404 not_found")).toEqual([]);
    expect(verdicts["204"]).toBeGreaterThanOrEqual(1);
  });

  test("an administrator can delete users and other administrators", async () => {
    const admin = await newPerson(portico, "admin");
    const [user, other] = [await newUser(portico), await newUser(portico, {}, "admin")];
    for (const { id } of [user, other]) {
      expect((await call("DELETE", `/v1/users/${id}`, { token: admin.accessToken })).status).toBe(204);
    }
  });
});

describe("the sessions of a deleted user", () => {
  test("deletion ends every session permanently", async () => {
    const person = await newPerson(portico);
    const other = await refreshed(portico, (await sessionOf(portico, person)).refreshToken);
    const token = await portico.rootToken();
    expect((await portico.call("DELETE", `/v1/users/${person.id}`, { token })).status).toBe(204);
    for (const session of [person, other]) await expectOver(session);
  });
});
