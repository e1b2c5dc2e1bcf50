/** Changes that administrators make to users, and their effect on sessions. */
import { decodeJwt } from "jose";
import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { changeUser, goodPassword, newPerson, newUser, refreshed, sessionOf, signIn } from "../../support/people.ts";
import { verdict, type Answer } from "../../support/answer.ts";
import { Portico } from "../../support/portico.ts";
import { codesOf, sessionCalls } from "../../support/sessions.ts";
import { userCalls } from "../../support/users.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { change, create, read, rootId, self } = userCalls(portico);
const { changePassword, expectAlive, expectOver, present } = sessionCalls(portico);

describe("changing a user", () => {
  test("an administrator can suspend and reactivate a user, and sees the new state", async () => {
    const { accessToken: token } = await newPerson(portico, "admin");
    const { body } = await create();
    const suspended = await call("PATCH", `/v1/users/${body.id}`, { token, json: { status: "suspended" } });
    expect(suspended.body).toEqual({
      ...body,
      status: "suspended",
      updatedAt: suspended.body.updatedAt,
      etag: suspended.body.etag,
    });
    const resumed = await call("PATCH", `/v1/users/${body.id}`, { token, json: { status: "active" } });
    expect({ status: resumed.status, shown: resumed.body.status }).toEqual({ status: 200, shown: "active" });
  });

  test("only root can change roles; an administrator cannot, not even its own or to the same role", async () => {
    const admin = await newPerson(portico, "admin");
    const user = await newUser(portico);
    const refused = [
      [user.id, { role: "admin" }],
      [user.id, { role: "user" }],
      [user.id, { role: "admin", status: "suspended" }],
      [admin.id, { role: "user" }],
    ] as const;
    for (const [id, json] of refused) {
      expectProblem(await call("PATCH", `/v1/users/${id}`, { token: admin.accessToken, json }), 403, "forbidden");
    }
    expect((await read(user.id)).body).toMatchObject({ role: "user", status: "active" });
    expect((await change(user.id, { role: "admin" })).body.role).toBe("admin");
    expect((await change(user.id, { role: "user" })).body.role).toBe("user");
  });

  test("nobody can suspend, demote or delete root, not even root", async () => {
    const admin = await newPerson(portico, "admin");
    const id = await rootId();
    const changes = [{ status: "suspended" }, { role: "user" }, { role: "admin" }, { role: "admin", status: "active" }];
    for (const token of [admin.accessToken, await portico.rootToken()]) {
      for (const json of changes)
        expectProblem(await call("PATCH", `/v1/users/${id}`, { token, json }), 403, "forbidden");
      expectProblem(await call("DELETE", `/v1/users/${id}`, { token }), 403, "forbidden");
    }
    const { body } = await self(await portico.rootToken());
    expect(body).toMatchObject({ id, role: "root", status: "active" });
  });

  test.each<readonly [string, unknown, readonly string[]]>([
    ["the role root", { role: "root" }, ["/role"]],
    ["an unknown role", { role: "emperor" }, ["/role"]],
    ["an unknown status", { status: "deleted" }, ["/status"]],
    ["null for a status", { status: null }, ["/status"]],
    ["null for a role", { role: null }, ["/role"]],
    [
      "fields that only the user can change",
      { name: "x", sex: "male", birthDate: null },
      ["/birthDate", "/name", "/sex"],
    ],
    [
      "fields that nobody can change",
      { credit: 1, password: goodPassword, username: "x" },
      ["/credit", "/password", "/username"],
    ],
    ["an array", [], [""]],
  ])("rejects %s", async (_what, json, pointers) => {
    const { id } = await newUser(portico);
    expectProblem(await change(id, json), 422, "validation_failed", pointers);
  });

  test("rejects a stale If-Match and accepts a wildcard", async () => {
    const { body } = await create();
    expect((await change(body.id, { status: "suspended" }, { "if-match": body.etag })).status).toBe(200);
    const late = await change(body.id, { status: "active" }, { "if-match": body.etag });
    expectProblem(late, 412, "precondition_failed");
    expect((await change(body.id, { status: "active" }, { "if-match": "*" })).body.status).toBe("active");
  });

  test("parallel changes of role and status both take effect", async () => {
    const { id } = await newUser(portico);
    const answers = await Promise.all([change(id, { role: "admin" }), change(id, { status: "suspended" })]);
    expect(answers.map(verdict)).toEqual(["200", "200"]);
    expect((await read(id)).body).toMatchObject({ role: "admin", status: "suspended" });
  });
});

describe("changes by an administrator take effect on the next request:", () => {
  test("suspension ends every session, and reactivation does not restore them", async () => {
    const person = await newPerson(portico);
    const other = await sessionOf(portico, person);
    await changeUser(portico, person.id, { status: "suspended" });
    for (const session of [person, other]) await expectOver(session);
    expectProblem(await signIn(portico, person), 401, "credentials_invalid");
    await changeUser(portico, person.id, { status: "active" });
    for (const session of [person, other]) await expectOver(session);
    await expectAlive(await sessionOf(portico, person));
  });

  test("demotion revokes access tokens, and a refresh returns one with the remaining rights", async () => {
    const person = await newPerson(portico, "admin");
    expect((await portico.call("GET", "/v1/users", { token: person.accessToken })).status).toBe(200);
    await changeUser(portico, person.id, { role: "user" });
    expectTokenRefused(await portico.call("GET", "/v1/users", { token: person.accessToken }), "token_revoked");
    const next = await refreshed(portico, person.refreshToken);
    expect(decodeJwt(next.accessToken)["role"]).toBe("user");
    expectProblem(await portico.call("GET", "/v1/users", { token: next.accessToken }), 403, "forbidden");
    expect((await present(next.accessToken)).status).toBe(200);
  });

  test("demotion also affects the session that a password change kept", async () => {
    const person = await newPerson(portico, "admin");
    expect((await changePassword(person.accessToken, person.password)).status).toBe(204);
    await changeUser(portico, person.id, { role: "user" });
    expectTokenRefused(await present(person.accessToken), "token_revoked");
    const next = await refreshed(portico, person.refreshToken);
    expectProblem(await portico.call("GET", "/v1/users", { token: next.accessToken }), 403, "forbidden");
  });

  test("promotion revokes access tokens, and a refresh returns one with the new rights", async () => {
    const person = await newPerson(portico);
    await changeUser(portico, person.id, { role: "admin" });
    expectTokenRefused(await present(person.accessToken), "token_revoked");
    const next = await refreshed(portico, person.refreshToken);
    expect((await portico.call("GET", "/v1/users", { token: next.accessToken })).status).toBe(200);
  });

  test("an administrator who suspends themselves loses access at once", async () => {
    const person = await newPerson(portico, "admin");
    const { accessToken: token, id } = person;
    const { status } = await portico.call("PATCH", `/v1/users/${id}`, { token, json: { status: "suspended" } });
    expect(status).toBe(200);
    await expectOver(person);
  });

  test("no other change ends a session", async () => {
    const person = await newPerson(portico);
    await portico.call("PATCH", "/v1/users/me", { token: person.accessToken, json: { name: "Augusta Ada King" } });
    await changeUser(portico, person.id, { status: "active", role: "user" });
    await expectAlive(person);
  });
});

describe("security events", () => {
  test("logs role_changed if the role changes, and only then", async () => {
    const { id } = await newUser(portico);
    const token = await portico.rootToken();
    const put = async (role: string): Promise<Answer> =>
      await portico.call("PATCH", `/v1/users/${id}`, { token, json: { role } });
    const [changed, stayed] = [await put("admin"), await put("admin")];
    expect(await codesOf(portico, changed)).toContain("role_changed");
    expect(await codesOf(portico, stayed)).not.toContain("role_changed");
  });
});
