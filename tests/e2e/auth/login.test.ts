/** How people sign in, and how many wrong guesses they have. */
import { decodeJwt, decodeProtectedHeader } from "jose";
import { expectProblem } from "../../support/expect-problem.ts";
import { changeUser, goodPassword, newPerson, newUser, sessionOf, signIn } from "../../support/people.ts";
import type { Answer } from "../../support/answer.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { codesOf, linesOf, sessionCalls } from "../../support/sessions.ts";
import { weakHash } from "../../support/passwords.ts";
import { contentsOf, plantItem } from "../../support/table.ts";
import { crowdTimeoutMs, wrongPassword } from "../../support/values.ts";

const portico = Portico.forSuite();
const { expectAlive, present } = sessionCalls(portico);

const windowSeconds = 15 * 60;

async function signInAs(portico: Portico, username: string, password: string): Promise<Answer> {
  return await portico.call("POST", "/v1/auth/login", { json: { username, password } });
}

function rootOf({ host }: Portico): { readonly username: string; readonly password: string } {
  if (host.rootSignIn === undefined) throw new Error("the host has no root user");
  return host.rootSignIn;
}

/** Everything by which a caller can distinguish two responses, without what is unique to each. */
function appearance({ status, headers, body }: Answer): unknown {
  const volatile = ["date", "x-request-id", "x-amzn-requestid", "x-amz-apigw-id"];
  const { requestId: _requestId, instance: _instance, ...rest } = body;
  return { status, headers: [...headers].filter(([name]) => !volatile.includes(name)), body: rest };
}

function expectTooManyAttempts(answer: Answer): void {
  expectProblem(answer, 429, "too_many_attempts");
  const retryAfter = answer.headers.get("retry-after");
  expect(retryAfter).toMatch(/^[1-9]\d*$/);
  expect(Number(retryAfter)).toBeLessThanOrEqual(windowSeconds);
}

async function credentialOf(userId: string) {
  const [credential] = await contentsOf(portico.host, `CREDENTIAL#${userId}`);
  return credential!;
}

describe("signing in", () => {
  test("root, created at deployment, gets tokens and its profile in an uncacheable response", async () => {
    const { username, password } = rootOf(portico);
    const answer = await signInAs(portico, username, password);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.body).toMatchObject({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      tokenType: "Bearer",
      expiresIn: windowSeconds,
      user: {
        id: expect.stringMatching(/^usr_[0-9A-HJKMNP-TV-Z]{26}$/),
        username,
        name: expect.any(String),
        role: "root",
        status: "active",
        credit: 0,
        birthDate: null,
        sex: null,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updatedAt: expect.stringMatching(/Z$/),
        etag: expect.stringMatching(/^"[^"]+"$/),
      },
    });
    expect(answer.text).not.toMatch(/argon2|password/i);
    const { status } = await portico.call("GET", "/v1/partners", { token: answer.body.accessToken });
    expect(status).toBe(200);
  });

  test("the access token contains user, role and version, and is valid for 15 minutes", async () => {
    const { username, password } = rootOf(portico);
    const { body } = await signInAs(portico, username, password);
    expect(decodeProtectedHeader(body.accessToken)).toEqual({ alg: "EdDSA", typ: "at+jwt", kid: expect.any(String) });
    const claims = decodeJwt(body.accessToken);
    expect(claims).toMatchObject({
      iss: portico.url,
      aud: portico.url,
      sub: body.user.id,
      principal: "user",
      role: "root",
      client_id: expect.any(String),
      jti: expect.any(String),
      sid: expect.stringMatching(/^ses_[0-9A-HJKMNP-TV-Z]{26}$/),
      ver: expect.any(Number),
      exp: claims.iat! + windowSeconds,
    });
  });

  test("usernames are case-insensitive, passwords are case-sensitive", async () => {
    const { username, password } = await newUser(portico);
    const swapped = [...password]
      .map((letter) => (letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase()))
      .join("");
    expect(swapped).not.toBe(password);
    expect((await signInAs(portico, username.toUpperCase(), password)).status).toBe(200);
    expectProblem(await signInAs(portico, username, swapped), 401, "credentials_invalid");
  });

  test("two sessions of one user are both valid", async () => {
    const { username, password } = await newUser(portico);
    const sessions = [await signInAs(portico, username, password), await signInAs(portico, username, password)];
    const answers = await Promise.all(sessions.map(({ body }) => present(body.accessToken)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  test("a wrong username and a wrong password get the same response", async () => {
    const { username, password } = await newUser(portico);
    const wrongWord = await signInAs(portico, username, wrongPassword);
    const wrongName = await signInAs(portico, "nobody", password);
    expectProblem(wrongWord, 401, "credentials_invalid");
    expect(appearance(wrongName)).toEqual(appearance(wrongWord));
  });

  test(
    "twenty parallel sign-ins all succeed",
    async () => {
      const { username, password } = await newUser(portico);
      const answers = await inParallel(20, () => signInAs(portico, username, password));
      expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 20 });
    },
    crowdTimeoutMs,
  );

  test.each([
    ["without a password", { username: "root" }, ["/password"]],
    ["without anything", {}, ["/password", "/username"]],
    ["with an empty name and password", { username: "", password: "" }, ["/password", "/username"]],
    ["with a username that is not a string", { username: { $ne: null }, password: "x" }, ["/username"]],
    ["with a null", { username: "root", password: null }, ["/password"]],
    ["with an endless password", { username: "root", password: "x".repeat(2000) }, ["/password"]],
    ["with an unknown field", { username: "root", password: "x", role: "root" }, ["/role"]],
  ])("rejects a request %s", async (_what, json, pointers) => {
    expectProblem(await portico.call("POST", "/v1/auth/login", { json }), 422, "validation_failed", pointers);
  });

  test("rejects a body that is not JSON", async () => {
    const send = async (raw: string, type: string): Promise<Answer> =>
      await portico.call("POST", "/v1/auth/login", { raw, headers: { "content-type": type } });
    expectProblem(await send("username=root&password=x", "application/json"), 400, "body_malformed");
    expectProblem(
      await send("username=root&password=x", "application/x-www-form-urlencoded"),
      415,
      "media_type_unsupported",
    );
    expectProblem(await portico.call("GET", "/v1/auth/login"), 404, "not_found");
  });

  test("ignores Idempotency-Key, so no session is returned twice", async () => {
    const headers = { "idempotency-key": "sign-in-1" };
    const { username, password } = await newUser(portico);
    const json = { username, password };
    const answers = [
      await portico.call("POST", "/v1/auth/login", { json, headers }),
      await portico.call("POST", "/v1/auth/login", { json, headers }),
    ];
    expect(answers.map(({ status, headers: sent }) => [status, sent.get("idempotency-replayed")])).toEqual([
      [200, null],
      [200, null],
    ]);
    const [one, other] = answers.map(({ body }) => decodeJwt(body.accessToken).jti);
    expect(one).not.toBe(other);
  });

  test(
    "after ten failures, an unknown username is locked like a known one, and no other",
    async () => {
      const guesses = async (username: string, times: number): Promise<readonly Answer[]> => {
        const answers: Answer[] = [];
        for (let guess = 1; guess <= times; guess++) answers.push(await signInAs(portico, username, wrongPassword));
        return answers;
      };
      const failures = await guesses("ghost", 9);
      expect(tally(failures.map(({ status }) => status))).toEqual({ 401: 9 });
      expectProblem(await signInAs(portico, "GHOST", wrongPassword), 401, "credentials_invalid");
      expectTooManyAttempts(await signInAs(portico, "ghost", wrongPassword));
      expectTooManyAttempts(await signInAs(portico, "Ghost", wrongPassword));
      expectProblem(await signInAs(portico, "ghost2", wrongPassword), 401, "credentials_invalid");
    },
    crowdTimeoutMs,
  );
});

describe("the session of a sign-in", () => {
  test("returns an access token and a refresh token of 256 bits", async () => {
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

  test("each sign-in creates a session", async () => {
    const user = await newUser(portico);
    const [one, other] = [await sessionOf(portico, user), await sessionOf(portico, user)];
    expect(decodeJwt(one.accessToken)["sid"]).not.toBe(decodeJwt(other.accessToken)["sid"]);
    await expectAlive(one);
    await expectAlive(other);
  });

  test("unknown, suspended and deleted users and wrong passwords get the same response", async () => {
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
});

describe("successful sign-ins", () => {
  test(
    "thirty parallel sign-ins of one user create thirty sessions",
    async () => {
      const user = await newUser(portico);
      const answers = await inParallel(30, () => signIn(portico, user));
      expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 30 });
      expect(new Set(answers.map(({ body }) => decodeJwt(body.accessToken)["sid"])).size).toBe(30);
    },
    crowdTimeoutMs,
  );

  test("do not count as attempts", async () => {
    const user = await newUser(portico);
    for (let count = 1; count <= 12; count++) expect((await signIn(portico, user)).status).toBe(200);
    expectProblem(await signIn(portico, { ...user, password: wrongPassword }), 401, "credentials_invalid");
    expect((await signIn(portico, user)).status).toBe(200);
  });
});

describe("the log of a failed sign-in", () => {
  const failureOf = async (answer: Answer): Promise<Record<string, unknown>> => {
    const lines = await linesOf(portico, answer);
    expect(lines.join("\n")).not.toMatch(/127\.0\.0\.1/);
    return JSON.parse(lines.find((line) => line.includes('"code":"sign_in_failed"')) ?? "{}");
  };

  test("names the user's id and the network, and neither name nor address", async () => {
    const user = await newUser(portico);
    const answer = await signIn(portico, { ...user, password: wrongPassword });
    const line = await failureOf(answer);
    expect(line).toMatchObject({ reason: "credentials_invalid", targetId: user.id, network: "127.0.0.0/24" });
    expect(JSON.stringify(line)).not.toContain(user.username);
  });

  test("says nothing about a name that nobody has, which may be a password", async () => {
    const answer = await signIn(portico, { username: "a-password-in-the-wrong-field", password: wrongPassword });
    const line = await failureOf(answer);
    expect(line).toMatchObject({ reason: "credentials_invalid", network: "127.0.0.0/24" });
    expect(line).not.toHaveProperty("targetId");
    expect(JSON.stringify(line)).not.toContain("wrong-field");
  });

  test(
    "names the target of an attempt that was refused by the limit",
    async () => {
      const user = await newUser(portico);
      for (let guess = 1; guess <= 10; guess++) await signIn(portico, { ...user, password: wrongPassword });
      const line = await failureOf(await signIn(portico, user));
      expect(line).toMatchObject({ reason: "too_many_attempts", targetId: user.id });
    },
    crowdTimeoutMs,
  );
});

describe("security events", () => {
  test(
    "logs too_many_attempts",
    async () => {
      const username = "somebody-who-is-guessed";
      for (let guess = 1; guess <= 10; guess++) await signIn(portico, { username, password: wrongPassword });
      const answer = await signIn(portico, { username, password: wrongPassword });
      expectProblem(answer, 429, "too_many_attempts");
      expect(await codesOf(portico, answer)).toContain("too_many_attempts");
    },
    crowdTimeoutMs,
  );
});

test("a successful sign-in rehashes a password with weaker parameters, a failed one does not", async () => {
  const user = await newUser(portico);
  const weak = weakHash(user.password);
  await plantItem(portico.host, { ...(await credentialOf(user.id)), passwordHash: weak });

  expect((await signIn(portico, { ...user, password: `${user.password}?` })).status).toBe(401);
  expect(await credentialOf(user.id)).toMatchObject({ passwordHash: weak });
  expect((await signIn(portico, user)).status).toBe(200);
  expect(await credentialOf(user.id)).toMatchObject({
    passwordHash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/),
  });
  expect((await signIn(portico, user)).status).toBe(200);
});

describe("after ten failures for a name", () => {
  test(
    "even the right password is rejected, earlier successes do not reset the count, and sessions stay active",
    async () => {
      const { username, password, accessToken: token } = await newPerson(portico);
      const statuses: number[] = [];
      for (let guess = 1; guess <= 10; guess++) {
        statuses.push((await signInAs(portico, username, wrongPassword)).status);
        if (guess < 10) statuses.push((await signInAs(portico, username, password)).status);
      }
      expect(tally(statuses)).toEqual({ 401: 10, 200: 9 });
      expectTooManyAttempts(await signInAs(portico, username, password));
      expectTooManyAttempts(await signInAs(portico, username.toUpperCase(), wrongPassword));
      expect((await portico.call("GET", "/v1/users/me", { token })).status).toBe(200);
    },
    crowdTimeoutMs,
  );
});

describe("fifty parallel wrong guesses", () => {
  test(
    "at most ten are checked, the others are rejected with 429",
    async () => {
      const { username, password } = await newUser(portico);
      const answers = await inParallel(50, (index) => signInAs(portico, username, `${wrongPassword} ${index}`));
      expect(tally(answers.map(({ status, body }) => `${status} ${body.code}`))).toEqual({
        "401 credentials_invalid": 10,
        "429 too_many_attempts": 40,
      });
      expectTooManyAttempts(await signInAs(portico, username, password));
    },
    crowdTimeoutMs,
  );
});
