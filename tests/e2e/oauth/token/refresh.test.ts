/** How people's sessions go on and end: refreshing, signing out, and what administrators do to them. */
import { setImmediate } from "node:timers/promises";
import { decodeJwt } from "jose";
import * as oauth from "oauth4webapi";
import type { Interceptor } from "../../../../infra/local/services/service-proxy.ts";
import { alteredAssembly, type AlteredAssembly } from "../../../support/assembly.ts";
import { expectProblem, expectTokenRefused } from "../../../support/expect-problem.ts";
import { forge } from "../../../support/forgery.ts";
import {
  changeUser,
  goodPassword,
  newPerson,
  newUser,
  refresh,
  refreshed,
  sessionOf,
  signIn,
  type TestSession,
  type TestUser,
} from "../../../support/people.ts";
import { inParallel, Portico, tally, type Answer } from "../../../support/portico.ts";
import { contentsOf } from "../../../support/table.ts";

/** Every sign-in computes argon2id, two at a time on a small machine. */
const crowdTimeoutMs = 120_000;
const newPassword = "a longer ride on a blue bicycle";
const wrongPassword = "not the password of anybody";

let portico: Portico;
beforeAll(async () => {
  portico = await Portico.start();
});
afterAll(async () => {
  await portico.close();
});

/** A request that every living token of a user may make. */
async function present(token: string): Promise<Answer> {
  return await portico.call("GET", "/v1/users/me", { token });
}

async function changePassword(token: string, currentPassword: string, chosen = newPassword): Promise<Answer> {
  return await portico.call("POST", "/v1/users/me/password", {
    token,
    json: { currentPassword, newPassword: chosen },
  });
}

async function revoke(token: string, form: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return await portico.call("POST", "/oauth/revoke", { form: { token, client_id: "web", ...form } });
}

/** A refusal as RFC 6749 §5.2 has it. */
function expectOAuthError(answer: Answer, status: number, error: string): void {
  expect({ status: answer.status, body: answer.body }).toEqual({
    status,
    body: { error, error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/) },
  });
  expect(answer.headers.get("cache-control")).toBe("no-store");
}

/** What becomes of both tokens of a session that is over. */
async function expectOver({ accessToken, refreshToken }: TestSession): Promise<void> {
  expectTokenRefused(await present(accessToken), "token_revoked");
  expectOAuthError(await refresh(portico, refreshToken), 400, "invalid_grant");
}

/** Both tokens of a session still do what they are for. */
async function expectAlive({ accessToken, refreshToken }: TestSession): Promise<void> {
  expect((await present(accessToken)).status).toBe(200);
  const next = await refreshed(portico, refreshToken);
  expect((await present(next.accessToken)).status).toBe(200);
}

/** The same token with another secret, generation or session. */
function bend(refreshToken: string, part: "user" | "session" | "generation" | "secret", value?: string): string {
  const parts = refreshToken.split(".");
  const index = ["user", "session", "generation", "secret"].indexOf(part);
  const given = parts[index]!;
  parts[index] = value ?? `${given.startsWith("0") ? "1" : "0"}${given.slice(1)}`;
  return parts.join(".");
}

/** Waits until the last line about a request has come through the functions' pipes. */
async function logged({ headers }: Answer): Promise<readonly string[]> {
  const id = headers.get("x-request-id")!;
  while (!portico.logs.some((line) => line.includes(id) && line.includes("request_served"))) await setImmediate();
  return portico.logs.filter((line) => line.includes(id));
}

/** The codes that were logged about a request. */
async function codesOf(answer: Answer): Promise<readonly string[]> {
  const lines = await logged(answer);
  return lines.map((line) => String((JSON.parse(line) as { code?: unknown }).code));
}

describe("signing in", () => {
  test("gives an access token and a refresh token of 256 bits", async () => {
    const user = await newUser(portico);
    const { status, body } = await signIn(portico, user);
    expect({ status, members: Object.keys(body).sort() }).toEqual({
      status: 200,
      members: ["accessToken", "expiresIn", "refreshToken", "tokenType", "user"],
    });
    expect(body).toMatchObject({ tokenType: "Bearer", expiresIn: 900, user: { id: user.id } });
    expect(Buffer.from(body.refreshToken.split(".").at(-1), "base64url")).toHaveLength(32);
    expect(decodeJwt(body.accessToken)).toMatchObject({
      sub: user.id,
      client_id: "web",
      principal: "user",
      role: "user",
      sid: expect.stringMatching(/^ses_[0-9A-HJKMNP-TV-Z]{26}$/),
    });
    expect((await present(body.accessToken)).status).toBe(200);
  });

  test("a refresh token is no access token, and an access token no refresh token", async () => {
    const { accessToken, refreshToken } = await newPerson(portico);
    expectTokenRefused(await present(refreshToken), "token_invalid");
    expectOAuthError(await refresh(portico, accessToken), 400, "invalid_grant");
  });

  test("each time begins a session of its own", async () => {
    const user = await newUser(portico);
    const [one, other] = [await sessionOf(portico, user), await sessionOf(portico, user)];
    expect(decodeJwt(one.accessToken)["sid"]).not.toBe(decodeJwt(other.accessToken)["sid"]);
    await expectAlive(one);
    await expectAlive(other);
  });

  test("an unknown name, a wrong password, a suspended user and a deleted one are answered alike", async () => {
    const [known, suspended, deleted] = [await newUser(portico), await newUser(portico), await newUser(portico)];
    await changeUser(portico, suspended.id, { status: "suspended" });
    await portico.call("DELETE", `/v1/users/${deleted.id}`, { token: await portico.rootToken() });
    const answers = [
      await signIn(portico, { ...known, password: wrongPassword }),
      await signIn(portico, { username: "nobody-at-all", password: goodPassword }),
      await signIn(portico, suspended),
      await signIn(portico, { ...suspended, password: wrongPassword }),
      await signIn(portico, deleted),
    ];
    for (const answer of answers) expectProblem(answer, 401, "credentials_invalid");
    const looks = answers.map(({ headers, body }) => {
      const volatile = ["date", "x-request-id", "x-amzn-requestid", "x-amz-apigw-id"];
      const { requestId: _requestId, instance: _instance, ...rest } = body;
      return JSON.stringify([rest, [...headers].filter(([name]) => !volatile.includes(name))]);
    });
    expect(new Set(looks).size).toBe(1);
  });

  test("keeps no token that could be read back", async () => {
    const person = await newPerson(portico);
    const next = await refreshed(portico, person.refreshToken);
    const kept = JSON.stringify(await contentsOf(portico.host));
    const secrets = [person.refreshToken, next.refreshToken].map((token) => token.split(".").at(-1)!);
    for (const secret of [...secrets, person.accessToken, next.accessToken]) expect(kept).not.toContain(secret);
  });
});

describe("refreshing", () => {
  test("gives both tokens anew, as RFC 6749 §5.1 has it, not to be stored", async () => {
    const { id, accessToken, refreshToken } = await newPerson(portico);
    const answer = await refresh(portico, refreshToken);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: {
        access_token: expect.any(String),
        token_type: "Bearer",
        expires_in: 900,
        refresh_token: expect.any(String),
      },
    });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("pragma")).toBe("no-cache");
    expect(answer.body.refresh_token).not.toBe(refreshToken);
    const [before, after] = [decodeJwt(accessToken), decodeJwt(answer.body.access_token)];
    expect(after).toMatchObject({ sub: id, sid: before["sid"], client_id: "web", role: "user" });
    expect(after.jti).not.toBe(before.jti);
  });

  test("goes on as long as each token is used once, and the access tokens before live out their time", async () => {
    const person = await newPerson(portico);
    let session: TestSession = person;
    for (let count = 1; count <= 12; count++) session = await refreshed(portico, session.refreshToken);
    expect((await present(session.accessToken)).status).toBe(200);
    expect((await present(person.accessToken)).status).toBe(200);
  });

  test.each([8, 50])(
    "%d times with one token at the same moment yields one successor",
    async (times) => {
      const { refreshToken } = await newPerson(portico);
      const answers = await inParallel(times, () => refresh(portico, refreshToken));
      expect(tally(answers.map(({ status }) => status))).toEqual({ 200: times });
      const successors = new Set(answers.map(({ body }) => body.refresh_token as string));
      expect(successors.size).toBe(1);
      expect((await refresh(portico, [...successors][0]!)).status).toBe(200);
    },
    crowdTimeoutMs,
  );

  test("again with the token just spent, its successor not used yet, gives the same successor", async () => {
    const { refreshToken } = await newPerson(portico);
    const [first, again] = [await refreshed(portico, refreshToken), await refreshed(portico, refreshToken)];
    expect(again.refreshToken).toBe(first.refreshToken);
    expect((await present(again.accessToken)).status).toBe(200);
    await expectAlive(first);
  });

  test("with a spent token whose successor was used ends the session, and no other one", async () => {
    const person = await newPerson(portico);
    const other = await sessionOf(portico, person);
    const second = await refreshed(portico, person.refreshToken);
    const third = await refreshed(portico, second.refreshToken);
    expectOAuthError(await refresh(portico, person.refreshToken), 400, "invalid_grant");
    for (const session of [person, second, third]) await expectOver(session);
    await expectAlive(other);
    await expectAlive(await sessionOf(portico, person));
  });

  test("with a token spent long ago ends the session likewise", async () => {
    const person = await newPerson(portico);
    let session: TestSession = person;
    for (let count = 1; count <= 6; count++) session = await refreshed(portico, session.refreshToken);
    expectOAuthError(await refresh(portico, person.refreshToken), 400, "invalid_grant");
    await expectOver(session);
  });

  test(
    "fifty times with a spent token beside fifty with the present one leaves nothing that goes on",
    async () => {
      const person = await newPerson(portico);
      const second = await refreshed(portico, person.refreshToken);
      const third = await refreshed(portico, second.refreshToken);
      const answers = await inParallel(100, (index) =>
        refresh(portico, index % 2 === 0 ? person.refreshToken : third.refreshToken),
      );
      const refused = answers.filter(({ body }) => body.error === "invalid_grant");
      const given = answers.filter(({ status }) => status === 200);
      expect(refused.length + given.length).toBe(100);
      expect(refused.length).toBeGreaterThanOrEqual(50);
      for (const { body } of given.slice(0, 3)) {
        await expectOver({ accessToken: body.access_token, refreshToken: body.refresh_token });
      }
    },
    crowdTimeoutMs,
  );

  test("with a forged or garbled token is invalid_grant and ends nothing", async () => {
    const [person, other] = [await newPerson(portico), await newPerson(portico)];
    const second = await refreshed(portico, person.refreshToken);
    const [otherUser, otherSession] = other.refreshToken.split(".");
    const forgeries = [
      "garbage",
      ".",
      "...",
      "x".repeat(5000),
      second.refreshToken.slice(0, -1),
      `${second.refreshToken}A`,
      bend(second.refreshToken, "secret"),
      bend(person.refreshToken, "secret"),
      bend(second.refreshToken, "secret", person.refreshToken.split(".").at(-1)),
      bend(second.refreshToken, "generation", "1"),
      bend(second.refreshToken, "generation", "3"),
      bend(second.refreshToken, "generation", "999999"),
      bend(person.refreshToken, "generation", "2"),
      bend(second.refreshToken, "session", otherSession),
      bend(second.refreshToken, "user", otherUser),
      bend(bend(second.refreshToken, "user", otherUser), "session", otherSession),
      bend(second.refreshToken, "session"),
      bend(second.refreshToken, "user"),
    ];
    for (const forged of forgeries) expectOAuthError(await refresh(portico, forged), 400, "invalid_grant");
    await expectAlive(second);
    await expectAlive(other);
  });

  test("needs a public client that the stage lists, without a secret; what is refused spends nothing", async () => {
    const person = await newPerson(portico);
    const partner = await portico.registerPartner();
    const basic = `Basic ${Buffer.from(`${partner.id}:${partner.secret}`).toString("base64")}`;
    const form = { grant_type: "refresh_token", refresh_token: person.refreshToken };
    const answers = [
      await refresh(portico, person.refreshToken, { client_id: "" }),
      await refresh(portico, person.refreshToken, { client_id: "another" }),
      await refresh(portico, person.refreshToken, { client_id: "WEB" }),
      await refresh(portico, person.refreshToken, { client_secret: "guessed" }),
      await refresh(portico, person.refreshToken, { client_id: partner.id, client_secret: partner.secret }),
      await portico.call("POST", "/oauth/token", { form, headers: { authorization: basic } }),
    ];
    for (const answer of answers) expectOAuthError(answer, 401, "invalid_client");
    await expectAlive(person);
  });

  test("needs the token, and grants no scope", async () => {
    const person = await newPerson(portico);
    expectOAuthError(await refresh(portico, ""), 400, "invalid_request");
    expectOAuthError(await refresh(portico, person.refreshToken, { scope: "companies:read" }), 400, "invalid_scope");
    await expectAlive(person);
  });
});

describe("a stage with two public clients", () => {
  let assembly: AlteredAssembly;
  let host: Portico;
  beforeAll(async () => {
    assembly = alteredAssembly((resources) => {
      for (const { Properties } of Object.values(resources)) {
        const variables = Properties?.Environment?.Variables;
        if (variables?.PUBLIC_CLIENTS !== undefined) variables.PUBLIC_CLIENTS = "web app";
      }
    });
    host = await Portico.start({ assembly: assembly.folder });
  });
  afterAll(async () => {
    await host.close();
    assembly.remove();
  });

  test("lets neither refresh nor revoke the other's sessions, and whoever tries ends nothing", async () => {
    const { accessToken, refreshToken } = await newPerson(host);
    expectOAuthError(await refresh(host, refreshToken, { client_id: "app" }), 400, "invalid_grant");
    for (const token of [accessToken, refreshToken]) {
      const answer = await host.call("POST", "/oauth/revoke", { form: { token, client_id: "app" } });
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: "" });
    }
    expect((await host.call("GET", "/v1/users/me", { token: accessToken })).status).toBe(200);
    const second = await refreshed(host, refreshToken);
    const third = await refreshed(host, second.refreshToken);
    expectOAuthError(await refresh(host, refreshToken, { client_id: "app" }), 400, "invalid_grant");
    expect((await refresh(host, third.refreshToken)).status).toBe(200);
  });
});

describe("signing out", () => {
  test("ends every session of the caller at once, and nobody else's", async () => {
    const [person, stranger] = [await newPerson(portico), await newPerson(portico)];
    const other = await sessionOf(portico, person);
    const third = await refreshed(portico, other.refreshToken);
    const answer = await portico.call("POST", "/v1/auth/logout", { token: person.accessToken });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    for (const session of [person, other, third]) await expectOver(session);
    expectTokenRefused(await portico.call("POST", "/v1/auth/logout", { token: person.accessToken }), "token_revoked");
    await expectAlive(stranger);
    await expectAlive(await sessionOf(portico, person));
  });

  test("takes an empty object for a body, and nothing else", async () => {
    const { accessToken: token } = await newPerson(portico);
    const answer = await portico.call("POST", "/v1/auth/logout", { token, json: { everywhere: false } });
    expectProblem(answer, 422, "validation_failed", ["/everywhere"]);
    expect((await portico.call("POST", "/v1/auth/logout", { token, json: {} })).status).toBe(204);
  });

  test(
    "among fifty refreshes at the same moment ends whatever they were given",
    async () => {
      const person = await newPerson(portico);
      const sessions = await inParallel(5, () => sessionOf(portico, person));
      const [out, ...answers] = await inParallel(51, (index) =>
        index === 0
          ? portico.call("POST", "/v1/auth/logout", { token: person.accessToken })
          : refresh(portico, sessions[index % 5]!.refreshToken),
      );
      expect(out!.status).toBe(204);
      const given = answers.filter(({ status }) => status === 200);
      const refused = answers.filter(({ body }) => body.error === "invalid_grant");
      expect(given.length + refused.length).toBe(50);
      for (const { body } of given) expectTokenRefused(await present(body.access_token), "token_revoked");
      for (const { refreshToken } of sessions) {
        expectOAuthError(await refresh(portico, refreshToken), 400, "invalid_grant");
      }
    },
    crowdTimeoutMs,
  );
});

describe("changing the password", () => {
  test("ends all other sessions and keeps this one, its access and its refresh token", async () => {
    const person = await newPerson(portico);
    const others = [await sessionOf(portico, person), await sessionOf(portico, person)];
    const answer = await changePassword(person.accessToken, person.password);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    for (const other of others) await expectOver(other);
    await expectAlive(person);
    expectProblem(await signIn(portico, person), 401, "credentials_invalid");
    await expectAlive(await sessionOf(portico, { ...person, password: newPassword }));
  });

  test("keeps the session also when it was refreshed before, and goes on refreshing after", async () => {
    const person = await newPerson(portico);
    let session = await refreshed(portico, person.refreshToken);
    expect((await changePassword(session.accessToken, person.password)).status).toBe(204);
    for (let count = 1; count <= 3; count++) session = await refreshed(portico, session.refreshToken);
    expect((await present(session.accessToken)).status).toBe(200);
  });

  test("by another session later ends the one that was kept before", async () => {
    const person = await newPerson(portico);
    expect((await changePassword(person.accessToken, person.password)).status).toBe(204);
    const other = await sessionOf(portico, { ...person, password: newPassword });
    expect((await changePassword(other.accessToken, newPassword, goodPassword)).status).toBe(204);
    await expectOver(person);
    await expectAlive(other);
  });

  test("does not protect the kept session from signing out or suspension", async () => {
    const [one, two] = [await newPerson(portico), await newPerson(portico)];
    for (const { accessToken, password } of [one, two]) await changePassword(accessToken, password);
    await portico.call("POST", "/v1/auth/logout", { token: one.accessToken });
    await changeUser(portico, two.id, { status: "suspended" });
    await changeUser(portico, two.id, { status: "active" });
    await expectOver(one);
    await expectOver(two);
  });

  test("needs the present one: with a wrong one nothing changes, and no challenge asks for another token", async () => {
    const person = await newPerson(portico);
    const other = await sessionOf(portico, person);
    const answer = await changePassword(person.accessToken, wrongPassword);
    expectProblem(answer, 401, "credentials_invalid");
    await expectAlive(other);
    await expectAlive(person);
    expect((await signIn(portico, person)).status).toBe(200);
  });

  test(
    "counts wrong guesses together with those at the sign-in, and a lock-out leaves running sessions alone",
    async () => {
      const person = await newPerson(portico);
      const statuses: number[] = [];
      for (let guess = 1; guess <= 5; guess++) {
        statuses.push((await changePassword(person.accessToken, wrongPassword)).status);
        statuses.push((await signIn(portico, { ...person, password: wrongPassword })).status);
      }
      expect(tally(statuses)).toEqual({ 401: 10 });
      for (const answer of [await changePassword(person.accessToken, person.password), await signIn(portico, person)]) {
        expectProblem(answer, 429, "too_many_attempts");
        expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      }
      await expectAlive(person);
    },
    crowdTimeoutMs,
  );

  test("tells what is wrong with the new one before it spends a guess, and needs both", async () => {
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
    "eight times at the same moment: one of them is the password after, and whoever was told so has the only session",
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

describe("while the password changes", () => {
  /** Decides the order in which the functions reach the table. */
  let interleaving: Interceptor = async (_call, next) => await next();
  let host: Portico;
  beforeAll(async () => {
    host = await Portico.start({ interceptors: [async (call, next) => await interleaving(call, next)] });
  });
  afterAll(async () => {
    await host.close();
  });

  async function changeOn(token: string, currentPassword: string, chosen: string): Promise<Answer> {
    const json = { currentPassword, newPassword: chosen };
    return await host.call("POST", "/v1/users/me/password", { token, json });
  }

  test.each(["CREDENTIAL#", "PRINCIPAL#"])(
    "a sign-in with the old one yields no session that outlives the change, whenever it read %s",
    async (readBefore) => {
      const person = await newPerson(host);
      const [begun, changed] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
      const items = ["CREDENTIAL#", "PRINCIPAL#"];
      // The sign-in reads one of the two before the change, and the other one after it.
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
      const signingIn = signIn(host, person);
      await begun.promise;
      expect((await changeOn(person.accessToken, person.password, newPassword)).status).toBe(204);
      changed.resolve(undefined);
      const late = await signingIn;
      if (late.status !== 200) {
        expectProblem(late, 401, "credentials_invalid");
        return;
      }
      expectTokenRefused(await host.call("GET", "/v1/users/me", { token: late.body.accessToken }), "token_revoked");
      expectOAuthError(await refresh(host, late.body.refreshToken), 400, "invalid_grant");
    },
  );

  const endings: Readonly<Record<string, (person: TestUser & TestSession) => Promise<Answer>>> = {
    "signing out": async ({ accessToken: token }) => await host.call("POST", "/v1/auth/logout", { token }),
    "revoking its session": async ({ refreshToken }) =>
      await host.call("POST", "/oauth/revoke", { form: { token: refreshToken, client_id: "web" } }),
  };

  test.each(Object.entries(endings))("%s is not undone by it", async (_what, end) => {
    const person = await newPerson(host);
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
    expectTokenRefused(await host.call("GET", "/v1/users/me", { token: person.accessToken }), "token_revoked");
    expectOAuthError(await refresh(host, person.refreshToken), 400, "invalid_grant");
    expect((await signIn(host, person)).status).toBe(200);
  });

  test.each([
    ["by the same session", "credentials_invalid"],
    ["by another one", "token_revoked"],
  ] as const)("another change %s that proved the old one does not undo what is set by now", async (by, code) => {
    const person = await newPerson(host);
    const { accessToken } = by === "by the same session" ? person : await sessionOf(host, person);
    const [proven, changed] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    // A commit that is not answered in time is repeated under its own token: what is late stays late.
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
    expect((await signIn(host, { ...person, password: newPassword })).status).toBe(200);
    expect((await host.call("GET", "/v1/users/me", { token: person.accessToken })).status).toBe(200);
  });
});

describe("what an administrator does acts on the very next request:", () => {
  test("suspension ends every session; resuming does not bring them back, signing in does", async () => {
    const person = await newPerson(portico);
    const other = await sessionOf(portico, person);
    await changeUser(portico, person.id, { status: "suspended" });
    for (const session of [person, other]) await expectOver(session);
    expectProblem(await signIn(portico, person), 401, "credentials_invalid");
    await changeUser(portico, person.id, { status: "active" });
    for (const session of [person, other]) await expectOver(session);
    await expectAlive(await sessionOf(portico, person));
  });

  test("demotion refuses the token of before; a refresh gives one with the rights that are left", async () => {
    const person = await newPerson(portico, "admin");
    expect((await portico.call("GET", "/v1/users", { token: person.accessToken })).status).toBe(200);
    await changeUser(portico, person.id, { role: "user" });
    expectTokenRefused(await portico.call("GET", "/v1/users", { token: person.accessToken }), "token_revoked");
    const next = await refreshed(portico, person.refreshToken);
    expect(decodeJwt(next.accessToken)["role"]).toBe("user");
    expectProblem(await portico.call("GET", "/v1/users", { token: next.accessToken }), 403, "forbidden");
    expect((await present(next.accessToken)).status).toBe(200);
  });

  test("demotion acts on the session that a change of the password kept, too", async () => {
    const person = await newPerson(portico, "admin");
    expect((await changePassword(person.accessToken, person.password)).status).toBe(204);
    await changeUser(portico, person.id, { role: "user" });
    expectTokenRefused(await present(person.accessToken), "token_revoked");
    const next = await refreshed(portico, person.refreshToken);
    expectProblem(await portico.call("GET", "/v1/users", { token: next.accessToken }), 403, "forbidden");
  });

  test("promotion refuses the token of before; a refresh gives one with the new rights", async () => {
    const person = await newPerson(portico);
    await changeUser(portico, person.id, { role: "admin" });
    expectTokenRefused(await present(person.accessToken), "token_revoked");
    const next = await refreshed(portico, person.refreshToken);
    expect((await portico.call("GET", "/v1/users", { token: next.accessToken })).status).toBe(200);
  });

  test("deletion ends every session for good", async () => {
    const person = await newPerson(portico);
    const other = await refreshed(portico, (await sessionOf(portico, person)).refreshToken);
    const token = await portico.rootToken();
    expect((await portico.call("DELETE", `/v1/users/${person.id}`, { token })).status).toBe(204);
    for (const session of [person, other]) await expectOver(session);
  });

  test("an administrator that suspends itself is out at once", async () => {
    const person = await newPerson(portico, "admin");
    const { accessToken: token, id } = person;
    const { status } = await portico.call("PATCH", `/v1/users/${id}`, { token, json: { status: "suspended" } });
    expect(status).toBe(200);
    await expectOver(person);
  });

  test("no other change ends anything", async () => {
    const person = await newPerson(portico);
    await portico.call("PATCH", "/v1/users/me", { token: person.accessToken, json: { name: "Augusta Ada King" } });
    await changeUser(portico, person.id, { status: "active", role: "user" });
    await expectAlive(person);
  });
});

describe("revoking (RFC 7009)", () => {
  async function expectRevoked(answer: Answer): Promise<void> {
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: "" });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect((await logged(answer)).length).toBeGreaterThan(0);
  }

  test.each(["refreshToken", "accessToken"] as const)("the %s ends its session at once, and no other", async (kind) => {
    const person = await newPerson(portico);
    const other = await sessionOf(portico, person);
    await expectRevoked(await revoke(person[kind]));
    await expectOver(person);
    await expectRevoked(await revoke(person[kind]));
    await expectAlive(other);
  });

  test.each(["access_token", "refresh_token", "something_else"])("whatever the hint says: %s", async (hint) => {
    const [one, other] = [await newPerson(portico), await newPerson(portico)];
    await expectRevoked(await revoke(one.refreshToken, { token_type_hint: hint }));
    await expectRevoked(await revoke(other.accessToken, { token_type_hint: hint }));
    await expectOver(one);
    await expectOver(other);
  });

  test("a spent refresh token ends its session, too", async () => {
    const person = await newPerson(portico);
    const next = await refreshed(portico, person.refreshToken);
    await expectRevoked(await revoke(person.refreshToken));
    await expectOver(next);
  });

  test(
    "sixty sessions one after the other ends each of them, and the one beside them goes on",
    async () => {
      const person = await newPerson(portico);
      const ended: TestSession[] = [];
      for (let count = 1; count <= 60; count++) {
        const session = await sessionOf(portico, person);
        await expectRevoked(await revoke(session.refreshToken));
        ended.push(session);
      }
      const answers = await Promise.all(ended.map(({ accessToken }) => present(accessToken)));
      expect(tally(answers.map(({ status, body }) => `${status} ${body.code}`))).toEqual({ "401 token_revoked": 60 });
      await expectAlive(await refreshed(portico, person.refreshToken));
    },
    crowdTimeoutMs,
  );

  test(
    "twenty sessions at the same moment ends each of them",
    async () => {
      const person = await newPerson(portico);
      const sessions = await inParallel(20, () => sessionOf(portico, person));
      const answers = await inParallel(20, (index) => revoke(sessions[index]!.refreshToken));
      expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 20 });
      for (const session of sessions) await expectOver(session);
      await expectAlive(person);
    },
    crowdTimeoutMs,
  );

  test("what is unknown, forged or a partner's is answered alike and has no effect", async () => {
    const person = await newPerson(portico);
    const next = await refreshed(portico, person.refreshToken);
    const { token: partnerToken } = await portico.partnerWithToken();
    const claims = { ver: (decodeJwt(next.accessToken)["ver"] as number) + 1 };
    const without = [
      "garbage",
      bend(next.refreshToken, "secret"),
      bend(next.refreshToken, "generation", "3"),
      bend(next.refreshToken, "session"),
      `${next.accessToken}x`,
      await forge(portico, next.accessToken, { claims }),
      partnerToken,
    ];
    for (const token of without) await expectRevoked(await revoke(token));
    await expectAlive(next);
    expect((await portico.call("GET", "/v1/partners/me", { token: partnerToken })).status).toBe(200);
  });

  test("a person's token by a partner has no effect", async () => {
    const person = await newPerson(portico);
    const { id, secret } = await portico.registerPartner();
    for (const token of [person.accessToken, person.refreshToken]) {
      await expectRevoked(await revoke(token, { client_id: id, client_secret: secret }));
    }
    await expectAlive(person);
  });

  test("needs a client that the stage lists, and a token", async () => {
    const person = await newPerson(portico);
    for (const client of ["", "another"]) {
      expectOAuthError(await revoke(person.refreshToken, { client_id: client }), 401, "invalid_client");
    }
    expectOAuthError(await revoke(""), 400, "invalid_request");
    await expectAlive(person);
  });
});

describe("a stock OAuth client, unmodified,", () => {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; this is the local use that it is for
  const insecure = { [oauth.allowInsecureRequests]: true };
  const client = { client_id: "web" };

  test("finds its way by discovery, refreshes, and revokes", async () => {
    const person = await newPerson(portico);
    const issuer = new URL(portico.url);
    const discovery = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: "oauth2" });
    const server = await oauth.processDiscoveryResponse(issuer, discovery);
    const ask = async (refreshToken: string): Promise<oauth.TokenEndpointResponse> => {
      const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refreshToken, insecure);
      return await oauth.processRefreshTokenResponse(server, client, response);
    };
    const answer = await ask(person.refreshToken);
    expect(answer).toMatchObject({ token_type: "bearer", expires_in: 900, refresh_token: expect.any(String) });
    expect((await present(answer.access_token)).status).toBe(200);
    const revocation = await oauth.revocationRequest(server, client, oauth.None(), answer.refresh_token!, insecure);
    await oauth.processRevocationResponse(revocation);
    await expect(ask(answer.refresh_token!)).rejects.toMatchObject({ error: "invalid_grant", status: 400 });
    expectTokenRefused(await present(answer.access_token), "token_revoked");
  });
});

describe("right sign-ins", () => {
  test(
    "thirty at the same moment for one name all succeed, each with a session of its own",
    async () => {
      const user = await newUser(portico);
      const answers = await inParallel(30, () => signIn(portico, user));
      expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 30 });
      expect(new Set(answers.map(({ body }) => decodeJwt(body.accessToken)["sid"])).size).toBe(30);
    },
    crowdTimeoutMs,
  );

  test("leave no failures behind: twelve right ones, one wrong one, and a right one again", async () => {
    const user = await newUser(portico);
    for (let count = 1; count <= 12; count++) expect((await signIn(portico, user)).status).toBe(200);
    expectProblem(await signIn(portico, { ...user, password: wrongPassword }), 401, "credentials_invalid");
    expect((await signIn(portico, user)).status).toBe(200);
  });
});

describe("security events", () => {
  test("of the reuse of a refresh token, with principal and request id", async () => {
    const person = await newPerson(portico);
    const second = await refreshed(portico, person.refreshToken);
    await refreshed(portico, second.refreshToken);
    const answer = await refresh(portico, person.refreshToken);
    expect(await codesOf(answer)).toContain("refresh_token_reused");
    const event = (await logged(answer)).find((line) => line.includes("refresh_token_reused"))!;
    expect(JSON.parse(event)).toMatchObject({
      code: "refresh_token_reused",
      principalId: person.id,
      requestId: answer.headers.get("x-request-id"),
    });
  });

  test("none of a refresh, nor of its repetition, nor of a forged refresh token", async () => {
    const person = await newPerson(portico);
    const answers = [
      await refresh(portico, person.refreshToken),
      await refresh(portico, person.refreshToken),
      await refresh(portico, bend(person.refreshToken, "secret")),
    ];
    for (const answer of answers) expect(await codesOf(answer)).not.toContain("refresh_token_reused");
  });

  test("of a role that changed, and not of one that stayed", async () => {
    const { id } = await newUser(portico);
    const token = await portico.rootToken();
    const put = async (role: string): Promise<Answer> =>
      await portico.call("PATCH", `/v1/users/${id}`, { token, json: { role } });
    const [changed, stayed] = [await put("admin"), await put("admin")];
    expect(await codesOf(changed)).toContain("role_changed");
    expect(await codesOf(stayed)).not.toContain("role_changed");
  });

  test(
    "of too many attempts",
    async () => {
      const username = "somebody-who-is-guessed";
      for (let guess = 1; guess <= 10; guess++) await signIn(portico, { username, password: wrongPassword });
      const answer = await signIn(portico, { username, password: wrongPassword });
      expectProblem(answer, 429, "too_many_attempts");
      expect(await codesOf(answer)).toContain("too_many_attempts");
    },
    crowdTimeoutMs,
  );

  test("of a forged access token", async () => {
    const { accessToken } = await newPerson(portico);
    const answer = await present(`${accessToken.slice(0, -4)}AAAA`);
    expectTokenRefused(answer, "token_invalid");
    const id = answer.headers.get("x-request-id")!;
    while (!portico.logs.some((line) => line.includes(id) && line.includes("token_forged"))) await setImmediate();
    const event = portico.logs.find((line) => line.includes(id) && line.includes("token_forged"))!;
    expect(JSON.parse(event)).toMatchObject({ code: "token_forged", requestId: id });
  });
});

test("no password, token or username is logged, whatever becomes of the request", async () => {
  const marks = { username: "name-to-be-searched-for", password: "password to-be-searched-for" };
  const user = await newUser(portico, marks);
  const first = await signIn(portico, user);
  const { accessToken, refreshToken } = first.body as TestSession;
  const second = await refresh(portico, refreshToken);
  const answers = [
    first,
    second,
    await refresh(portico, second.body.refresh_token),
    await refresh(portico, refreshToken),
    await refresh(portico, "token-to-be-searched-for"),
    await refresh(portico, second.body.refresh_token, { client_id: "client-to-be-searched-for" }),
    await signIn(portico, { ...user, password: "wrong to-be-searched-for" }),
    await revoke(second.body.refresh_token),
    await revoke("token-to-be-searched-for"),
  ];
  const third = await signIn(portico, user);
  const token = String(third.body.accessToken);
  answers.push(
    third,
    await changePassword(token, "wrong to-be-searched-for", "new to-be-searched-for"),
    await changePassword(token, user.password, "new to-be-searched-for"),
    await portico.call("PATCH", "/v1/users/me", {
      token,
      json: { name: "to-be-searched-for", x: "to-be-searched-for" },
    }),
    await portico.call("PATCH", "/v1/users/me", {
      token,
      json: { name: "to-be-searched-for", birthDate: "1915-12-10" },
    }),
    await portico.call("POST", "/v1/auth/logout", { token }),
  );
  for (const answer of answers) await logged(answer);
  const tokens = [accessToken, refreshToken, ...answers.map(({ body }) => body?.access_token as string | undefined)];
  const secrets = [...tokens, second.body.refresh_token as string, third.body.refreshToken as string]
    .filter((secret) => secret !== undefined)
    .flatMap((secret) => [secret, secret.split(".").at(-1)!]);
  const sensitive = [...secrets, "to-be-searched-for", "1915-12-10"];
  expect(sensitive.filter((text) => portico.logs.some((line) => line.includes(text)))).toEqual([]);
});
