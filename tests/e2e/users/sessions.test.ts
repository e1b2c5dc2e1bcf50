/** `users/sessions`, `users/end-session` and `users/end-sessions`: administrators see and end the sessions of a user. */
import { decodeJwt } from "jose";
import type { Answer } from "../../support/answer.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { changeUser, newPerson, sessionOf } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { sessionCalls } from "../../support/sessions.ts";
import { malformedUserIds, userCalls } from "../../support/users.ts";
import { unknownUserId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { expectAlive, expectOver } = sessionCalls(portico);
const { asRoot, rootId } = userCalls(portico);

const pathOf = (userId: string, sessionId?: string): string =>
  `/v1/users/${userId}/sessions${sessionId === undefined ? "" : `/${sessionId}`}`;
const idOf = (accessToken: string): string => decodeJwt<{ sid: string }>(accessToken).sid;
const idsIn = ({ body }: Answer): string[] => body.items.map(({ id }: { id: string }) => id);

describe("an administrator", () => {
  test("lists the sessions of a user", async () => {
    const person = await newPerson(portico);
    const other = await sessionOf(portico, person);
    const answer = await asRoot("GET", pathOf(person.id));
    expect(answer.status).toBe(200);
    expect(idsIn(answer)).toEqual([idOf(person.accessToken), idOf(other.accessToken)]);
    expect(answer.body.items.map(({ current }: { current: boolean }) => current)).toEqual([false, false]);
    const first = await asRoot("GET", `${pathOf(person.id)}?limit=1`);
    expect(idsIn(first)).toEqual([idOf(person.accessToken)]);
    const second = await asRoot("GET", `${pathOf(person.id)}?limit=1&cursor=${first.body.nextCursor}`);
    expect(idsIn(second)).toEqual([idOf(other.accessToken)]);
    expect(second.body.nextCursor).toBeNull();
  });

  test("ends one session of a user at once", async () => {
    const person = await newPerson(portico);
    const other = await sessionOf(portico, person);
    expect((await asRoot("DELETE", pathOf(person.id, idOf(other.accessToken)))).status).toBe(204);
    await expectOver(other);
    await expectAlive(person);
    expectProblem(await asRoot("DELETE", pathOf(person.id, idOf(other.accessToken))), 404, "not_found");
  });

  test("ends all sessions of a user at once", async () => {
    const [person, stranger] = [await newPerson(portico), await newPerson(portico)];
    const other = await sessionOf(portico, person);
    expect((await asRoot("DELETE", pathOf(person.id))).status).toBe(204);
    await expectOver(person);
    await expectOver(other);
    await expectAlive(stranger);
    await expectAlive(await sessionOf(portico, person));
    expect((await asRoot("DELETE", pathOf(person.id))).status).toBe(204);
  });

  test("finds a session under its own user only", async () => {
    const [person, stranger] = [await newPerson(portico), await newPerson(portico)];
    expectProblem(await asRoot("DELETE", pathOf(person.id, idOf(stranger.accessToken))), 404, "not_found");
    await expectAlive(stranger);
  });

  test("other than root cannot end sessions of root", async () => {
    const { accessToken: token } = await newPerson(portico, "admin");
    const root = await rootId();
    const sessionId = idOf(await portico.rootToken());
    expectProblem(await portico.call("DELETE", pathOf(root), { token }), 403, "forbidden");
    expectProblem(await portico.call("DELETE", pathOf(root, sessionId), { token }), 403, "forbidden");
    expect(idsIn(await portico.call("GET", pathOf(root), { token }))).toContain(sessionId);
  });

  test("that was demoted ends no session", async () => {
    const [admin, person] = [await newPerson(portico, "admin"), await newPerson(portico)];
    await changeUser(portico, admin.id, { role: "user" });
    const answer = await portico.call("DELETE", pathOf(person.id), { token: admin.accessToken });
    expectProblem(answer, 401, "token_revoked");
    await expectAlive(person);
  });
});

test("a user without the role may neither list nor end sessions of users", async () => {
  const [person, other] = [await newPerson(portico), await newPerson(portico)];
  const token = person.accessToken;
  for (const [method, path] of [
    ["GET", pathOf(other.id)],
    ["DELETE", pathOf(other.id)],
    ["DELETE", pathOf(other.id, idOf(other.accessToken))],
  ] as const) {
    expectProblem(await portico.call(method, path, { token }), 403, "forbidden");
  }
});

test("an unknown user has no sessions", async () => {
  for (const userId of [unknownUserId, ...malformedUserIds]) {
    expectProblem(await asRoot("GET", pathOf(userId)), 404, "not_found");
    expectProblem(await asRoot("DELETE", pathOf(userId)), 404, "not_found");
    const session = idOf(await portico.rootToken());
    expectProblem(await asRoot("DELETE", pathOf(userId, session)), 404, "not_found");
  }
});
