import type { Interceptor } from "../../../infra/local/services/service-proxy.ts";
import { claimOf } from "../../../shared/http/idempotency.ts";
import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { expectReplayed, withKey } from "../../support/idempotency.ts";
import { expectOAuthError } from "../../support/oauth-answers.ts";
import {
  changeUser,
  goodPassword,
  newPerson,
  refresh,
  refreshed,
  sessionOf,
  signIn,
  type TestSession,
  type TestUser,
} from "../../support/people.ts";
import type { Answer } from "../../support/answer.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { newPassword, sessionCalls } from "../../support/sessions.ts";
import { contentsOf } from "../../support/table.ts";
import { crowdTimeoutMs, wrongPassword } from "../../support/values.ts";

/** Sets the order in which the functions access the table. */
let interleaving: Interceptor = (_call, next) => next();
const portico = Portico.forSuite({ interceptors: [(call, next) => interleaving(call, next)] });
afterEach(() => {
  interleaving = (_call, next) => next();
});

const { call } = portico;
const { changePassword, expectAlive, expectOver, present } = sessionCalls(portico);

describe("changing the password", () => {
  test("ends all other sessions and keeps the current one with both tokens", async () => {
    const person = await newPerson(portico);
    const others = [await sessionOf(portico, person), await sessionOf(portico, person)];
    const answer = await changePassword(person.accessToken, person.password);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    for (const other of others) await expectOver(other);
    await expectAlive(person);
    expectProblem(await signIn(portico, person), 401, "credentials_invalid");
    await expectAlive(await sessionOf(portico, { ...person, password: newPassword }));
  });

  test("keeps a session that was refreshed before, and it can be refreshed again", async () => {
    const person = await newPerson(portico);
    let session = await refreshed(portico, person.refreshToken);
    expect((await changePassword(session.accessToken, person.password)).status).toBe(204);
    for (let count = 1; count <= 3; count++) session = await refreshed(portico, session.refreshToken);
    expect((await present(session.accessToken)).status).toBe(200);
  });

  test("the kept session's older access token stays refused after a change of the role and back", async () => {
    const person = await newPerson(portico, "admin");
    expect((await changePassword(person.accessToken, person.password)).status).toBe(204);
    expect((await present(person.accessToken)).status).toBe(200);
    for (const role of ["user", "admin"]) {
      await changeUser(portico, person.id, { role });
      expectTokenRefused(await present(person.accessToken), "token_revoked");
    }
    await expectAlive({ ...(await refreshed(portico, person.refreshToken)) });
  });

  test("a later change from a different session ends the session that was kept first", async () => {
    const person = await newPerson(portico);
    expect((await changePassword(person.accessToken, person.password)).status).toBe(204);
    const other = await sessionOf(portico, { ...person, password: newPassword });
    expect((await changePassword(other.accessToken, newPassword, goodPassword)).status).toBe(204);
    await expectOver(person);
    await expectAlive(other);
  });

  test("logout and suspension also end the session that was kept", async () => {
    const [one, two] = [await newPerson(portico), await newPerson(portico)];
    for (const { accessToken, password } of [one, two]) await changePassword(accessToken, password);
    await portico.call("POST", "/v1/auth/logout", { token: one.accessToken });
    await changeUser(portico, two.id, { status: "suspended" });
    await changeUser(portico, two.id, { status: "active" });
    await expectOver(one);
    await expectOver(two);
  });

  test("requires the current password; with a wrong one nothing changes", async () => {
    const person = await newPerson(portico);
    const other = await sessionOf(portico, person);
    const answer = await changePassword(person.accessToken, wrongPassword);
    expectProblem(answer, 401, "credentials_invalid");
    await expectAlive(other);
    await expectAlive(person);
    expect((await signIn(portico, person)).status).toBe(200);
  });

  test(
    "wrong guesses have a limit of their own, and a lockout ends no session",
    async () => {
      const person = await newPerson(portico);
      const statuses: number[] = [];
      for (let guess = 1; guess <= 10; guess++) {
        statuses.push((await changePassword(person.accessToken, wrongPassword)).status);
      }
      expect(tally(statuses)).toEqual({ 401: 10 });
      const answer = await changePassword(person.accessToken, person.password);
      expectProblem(answer, 429, "too_many_attempts");
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      await expectAlive(person);
      expect((await signIn(portico, person)).status).toBe(200);
    },
    crowdTimeoutMs,
  );

  test(
    "somebody who locks the name at sign-in does not lock the change in a session",
    async () => {
      const person = await newPerson(portico);
      for (let guess = 1; guess <= 10; guess++) await signIn(portico, { ...person, password: wrongPassword });
      expectProblem(await signIn(portico, person), 429, "too_many_attempts");
      expect((await changePassword(person.accessToken, person.password)).status).toBe(204);
    },
    crowdTimeoutMs,
  );

  test("validates the body before it counts an attempt, and requires both passwords", async () => {
    const { accessToken: token } = await newPerson(portico);
    const send = async (json: unknown): Promise<Answer> =>
      await portico.call("POST", "/v1/users/me/password", { token, json });
    expectProblem(await send({}), 422, "validation_failed", ["/currentPassword", "/newPassword"]);
    expectProblem(await send({ currentPassword: null, newPassword: null }), 422, "validation_failed", [
      "/currentPassword",
      "/newPassword",
    ]);
    const unknown = { currentPassword: goodPassword, newPassword, sessions: "all" };
    expectProblem(await send(unknown), 422, "validation_failed", ["/sessions"]);
  });

  test(
    "of eight parallel changes one succeeds, and only its session stays active",
    async () => {
      const person = await newPerson(portico);
      const sessions = [person, ...(await inParallel(7, () => sessionOf(portico, person)))];
      const answers = await inParallel(8, (index) =>
        changePassword(sessions[index]!.accessToken, person.password, `${newPassword} ${index}`),
      );
      const winners = answers.flatMap(({ status }, index) => (status === 204 ? [index] : []));
      const losers = answers.filter(({ status }) => status !== 204).map(({ status, body }) => `${status} ${body.code}`);
      expect(winners).toHaveLength(1);
      expect(losers.filter((each) => !["401 credentials_invalid", "401 token_revoked"].includes(each))).toEqual([]);
      const [winner] = winners as [number];
      const alive = await Promise.all(sessions.map(({ accessToken }) => present(accessToken)));
      expect(alive.flatMap(({ status }, index) => (status === 200 ? [index] : []))).toEqual([winner]);
      expect((await signIn(portico, { ...person, password: `${newPassword} ${winner}` })).status).toBe(200);
    },
    crowdTimeoutMs,
  );
});

describe("races with a password change", () => {
  async function changeOn(token: string, currentPassword: string, chosen: string): Promise<Answer> {
    const json = { currentPassword, newPassword: chosen };
    return await portico.call("POST", "/v1/users/me/password", { token, json });
  }

  test.each(["CREDENTIAL#", "PRINCIPAL#"])(
    "a sign-in with the old password yields no session after the change, even if it read %s before",
    async (readBefore) => {
      const person = await newPerson(portico);
      const [begun, changed] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
      const items = ["CREDENTIAL#", "PRINCIPAL#"];
      // The sign-in reads one of the two items before the change and the other one after it.
      interleaving = async ({ functionId, action, body }, next) => {
        const read = items.find((item) => JSON.stringify(body["Key"] ?? "").includes(item));
        if (!functionId.includes("auth-login") || action !== "GetItem" || read === undefined) return await next();
        if (read !== readBefore) {
          begun.resolve(undefined);
          await changed.promise;
          return await next();
        }
        const answer = await next();
        begun.resolve(undefined);
        return answer;
      };
      const signingIn = signIn(portico, person);
      await begun.promise;
      expect((await changeOn(person.accessToken, person.password, newPassword)).status).toBe(204);
      changed.resolve(undefined);
      const late = await signingIn;
      if (late.status !== 200) {
        expectProblem(late, 401, "credentials_invalid");
        return;
      }
      expectTokenRefused(await portico.call("GET", "/v1/users/me", { token: late.body.accessToken }), "token_revoked");
      expectOAuthError(await refresh(portico, late.body.refreshToken), 400, "invalid_grant");
    },
  );

  const endings: Readonly<Record<string, (person: TestUser & TestSession) => Promise<Answer>>> = {
    "signing out": async ({ accessToken: token }) => await portico.call("POST", "/v1/auth/logout", { token }),
    "revoking its session": async ({ refreshToken }) =>
      await portico.call("POST", "/oauth/revoke", { form: { token: refreshToken, client_id: "web" } }),
  };

  test.each(Object.entries(endings))("%s is not undone by a parallel password change", async (_what, end) => {
    const person = await newPerson(portico);
    const [proven, ended] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    interleaving = async ({ functionId, action, body }, next) => {
      const commits = action === "TransactWriteItems" && JSON.stringify(body).includes("CREDENTIAL#");
      if (functionId.includes("change-password") && commits) {
        proven.resolve(undefined);
        await ended.promise;
      }
      return await next();
    };
    const change = changeOn(person.accessToken, person.password, newPassword);
    await proven.promise;
    expect((await end(person)).status).toBeLessThan(300);
    ended.resolve(undefined);
    expectProblem(await change, 401, "token_revoked");
    expectTokenRefused(await portico.call("GET", "/v1/users/me", { token: person.accessToken }), "token_revoked");
    expectOAuthError(await refresh(portico, person.refreshToken), 400, "invalid_grant");
    expect((await signIn(portico, person)).status).toBe(200);
  });

  test.each([
    ["by the same session", "credentials_invalid"],
    ["by another one", "token_revoked"],
  ] as const)("a late change %s that verified the old password does not overwrite the new one", async (by, code) => {
    const person = await newPerson(portico);
    const { accessToken } = by === "by the same session" ? person : await sessionOf(portico, person);
    const [proven, changed] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    // A commit that times out is retried with the same token, so the late change stays late.
    let lateCommit: unknown;
    interleaving = async ({ functionId, action, body }, next) => {
      const commits = action === "TransactWriteItems" && JSON.stringify(body).includes("CREDENTIAL#");
      if (!functionId.includes("change-password") || !commits) return await next();
      lateCommit ??= body["ClientRequestToken"];
      if (body["ClientRequestToken"] === lateCommit) {
        proven.resolve(undefined);
        await changed.promise;
      }
      return await next();
    };
    const late = changeOn(accessToken, person.password, "the choice of somebody else");
    await proven.promise;
    expect((await changeOn(person.accessToken, person.password, newPassword)).status).toBe(204);
    changed.resolve(undefined);
    expectProblem(await late, 401, code);
    expect((await signIn(portico, { ...person, password: newPassword })).status).toBe(200);
    expect((await portico.call("GET", "/v1/users/me", { token: person.accessToken })).status).toBe(200);
  });
});

describe("Idempotency-Key", () => {
  test("its record does not tell whether a guessed password is right", async () => {
    const user = await newPerson(portico);
    const headers = withKey();
    const json = { currentPassword: user.password, newPassword: "a longer ride on a blue bicycle" };
    expect((await call("POST", "/v1/users/me/password", { token: user.accessToken, json, headers })).status).toBe(204);
    const scope = { principalId: user.id, operationId: "users.change-password", now: new Date() };
    const guess = claimOf(headers["idempotency-key"], scope, [{}, json, null])!;
    const record = (await contentsOf(portico.host, guess.key.pk))[0];
    expect(record).toMatchObject({ fingerprint: expect.any(String) });
    expect(record?.fingerprint).not.toBe(guess.fingerprint);
  });

  test("a replayed password change returns the first response and changes nothing", async () => {
    const user = await newPerson(portico);
    const [headers, newPassword] = [withKey(), "a longer ride on a blue bicycle"];
    const send = async (json: unknown): Promise<Answer> =>
      await call("POST", "/v1/users/me/password", { token: user.accessToken, json, headers });
    const first = await send({ currentPassword: user.password, newPassword });
    expect(first.status).toBe(204);
    expectReplayed(await send({ currentPassword: user.password, newPassword }), first);
    const { refreshToken } = await sessionOf(portico, { ...user, password: newPassword });
    expect(refreshToken).toEqual(expect.any(String));
    const other = await send({ currentPassword: user.password, newPassword: `${newPassword}!` });
    expectProblem(other, 422, "idempotency_key_reused");
  });
});
