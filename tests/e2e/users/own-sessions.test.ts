/** `users/own-sessions` and `users/end-own-session`: a user sees its sessions and ends one of them. */
import { decodeJwt } from "jose";
import type { Answer } from "../../support/answer.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { externalSession } from "../../support/oauth-answers.ts";
import { newPerson, plantCrowd, refreshed, sessionOf } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { newSubject } from "../../support/external-tokens.ts";
import { linesOf, sessionCalls } from "../../support/sessions.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

const portico = Portico.forSuite();
const { expectAlive, expectOver, present } = sessionCalls(portico);

const path = "/v1/users/me/sessions";
const list = (token: string, query = ""): Promise<Answer> => portico.call("GET", `${path}${query}`, { token });
const end = (token: string, id: string): Promise<Answer> => portico.call("DELETE", `${path}/${id}`, { token });
const idOf = (accessToken: string): string => decodeJwt<{ sid: string }>(accessToken).sid;

describe("the list of one's sessions", () => {
  test("has each session with its times, oldest first, and marks the current one", async () => {
    const person = await newPerson(portico);
    const second = await sessionOf(portico, person);
    const { status, body } = await list(second.accessToken);
    expect(status).toBe(200);
    const session = { signInMethod: "password", clientId: "web", createdAt: expect.any(String) };
    expect(body).toEqual({
      items: [person, second].map(({ accessToken }) => ({
        ...session,
        id: idOf(accessToken),
        lastUsedAt: expect.any(String),
        expiresAt: expect.any(String),
        current: accessToken === second.accessToken,
      })),
      nextCursor: null,
    });
    const [{ createdAt, lastUsedAt, expiresAt }] = body.items;
    expect(lastUsedAt).toBe(createdAt);
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(7 * 24 * 60 * 60 * 1000);
  });

  test("tells when a session was last refreshed", async () => {
    const person = await newPerson(portico);
    const before = (await list(person.accessToken)).body.items[0];
    const { accessToken } = await refreshed(portico, person.refreshToken);
    const after = (await list(accessToken)).body.items[0];
    expect(after).toMatchObject({ id: before.id, createdAt: before.createdAt, current: true });
    expect(Date.parse(after.lastUsedAt)).toBeGreaterThan(Date.parse(before.lastUsedAt));
    expect(Date.parse(after.expiresAt)).toBeGreaterThan(Date.parse(before.expiresAt));
  });

  test("tells who signed in at the identity provider", async () => {
    const { accessToken } = await externalSession(portico, newSubject());
    expect((await list(accessToken)).body.items).toEqual([
      expect.objectContaining({ signInMethod: "identity_provider", current: true }),
    ]);
  });

  test("has no session that has ended, and none of a different user", async () => {
    const [person, stranger] = [await newPerson(portico), await newPerson(portico)];
    expect((await portico.call("POST", "/v1/auth/logout", { token: person.accessToken })).status).toBe(204);
    const { accessToken } = await sessionOf(portico, person);
    expect((await list(accessToken)).body.items.map(({ id }: { id: string }) => id)).toEqual([idOf(accessToken)]);
    expect((await list(stranger.accessToken)).body.items).toHaveLength(1);
  });

  test("has pages", async () => {
    const person = await newPerson(portico);
    const sessions = [person, await sessionOf(portico, person), await sessionOf(portico, person)];
    const pages = await allPages((cursor) =>
      list(person.accessToken, `?limit=2${cursor === undefined ? "" : `&cursor=${cursor}`}`),
    );
    expect(pages.map((page) => page.map(({ id }) => id))).toEqual([
      sessions.slice(0, 2).map(({ accessToken }) => idOf(accessToken)),
      [idOf(sessions[2]!.accessToken)],
    ]);
    expectProblem(await list(person.accessToken, "?cursor=x"), 400, "cursor_invalid");
  });

  test("is empty for a token without a session", async () => {
    const [member] = await plantCrowd(portico, 1);
    expect((await list(member!.token)).body).toEqual({ items: [], nextCursor: null });
  });

  test("is for users only", async () => {
    const { token } = await portico.partnerWithToken();
    expectProblem(await list(token), 403, "forbidden");
    expectProblem(await portico.call("GET", path), 401, "token_missing");
  });
});

describe("ending one of one's sessions", () => {
  test("takes effect on the next request and leaves the others", async () => {
    const person = await newPerson(portico);
    const [other, third] = [await sessionOf(portico, person), await sessionOf(portico, person)];
    const answer = await end(person.accessToken, idOf(other.accessToken));
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    await expectOver(other);
    await expectAlive(third);
    const { accessToken } = await refreshed(portico, person.refreshToken);
    const left = (await list(accessToken)).body.items.map(({ id }: { id: string }) => id);
    expect(left).toEqual([idOf(person.accessToken), idOf(third.accessToken)]);
  });

  test("may end the current one", async () => {
    const person = await newPerson(portico);
    expect((await end(person.accessToken, idOf(person.accessToken))).status).toBe(204);
    await expectOver(person);
  });

  test("finds no session of a different user, no ended one and no malformed id", async () => {
    const [person, stranger] = [await newPerson(portico), await newPerson(portico)];
    const other = await sessionOf(portico, person);
    expect((await end(person.accessToken, idOf(other.accessToken))).status).toBe(204);
    for (const id of [idOf(other.accessToken), idOf(stranger.accessToken), "ses_1", "me"]) {
      expectProblem(await end(person.accessToken, id), 404, "not_found");
    }
    await expectAlive(stranger);
  });

  test(
    "happens once, however many calls run in parallel, also with sign-ins and refreshes",
    async () => {
      const person = await newPerson(portico);
      const other = await sessionOf(portico, person);
      const [ends] = await Promise.all([
        inParallel(50, () => end(person.accessToken, idOf(other.accessToken))),
        inParallel(3, () => sessionOf(portico, person)),
        inParallel(3, () => refreshed(portico, person.refreshToken)),
      ]);
      expect(tally(ends.map(({ status }) => status))).toEqual({ 204: 1, 404: 49 });
      await expectOver(other);
      expect((await present(person.accessToken)).status).toBe(200);
      expect((await list(person.accessToken)).body.items).toHaveLength(4);
    },
    crowdTimeoutMs,
  );

  test("logs neither a name nor an address", async () => {
    const person = await newPerson(portico);
    const answer = await list(person.accessToken);
    const text = (await linesOf(portico, answer)).join("\n");
    expect(text).not.toContain(person.username);
    expect(text).not.toContain("127.0.0");
  });
});
