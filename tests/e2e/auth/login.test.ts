/** How people sign in, and how many wrong guesses they have. */
import { setImmediate } from "node:timers/promises";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { expectProblem } from "../../support/expect-problem.ts";
import { inParallel, Portico, tally, type Answer } from "../../support/portico.ts";

/** Every attempt computes argon2id, two at a time on a small machine. */
const crowdTimeoutMs = 120_000;
const windowSeconds = 15 * 60;

const wrongPassword = "not the password of anybody";

async function signIn(portico: Portico, username: string, password: string): Promise<Answer> {
  return await portico.call("POST", "/v1/auth/login", { json: { username, password } });
}

function rootOf({ host }: Portico): { readonly username: string; readonly password: string } {
  if (host.rootSignIn === undefined) throw new Error("the host has no root user");
  return host.rootSignIn;
}

/** What a caller can tell one answer from another by, without what is new in every answer. */
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

describe("signing in", () => {
  let portico: Portico;
  beforeAll(async () => {
    portico = await Portico.start();
  });
  afterAll(async () => {
    await portico.close();
  });

  test("root, made at deploy time, gets a token and its profile, not to be stored", async () => {
    const { username, password } = rootOf(portico);
    const answer = await signIn(portico, username, password);
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

  test("the token names the user, its role and its version, and lives for 15 minutes", async () => {
    const { username, password } = rootOf(portico);
    const { body } = await signIn(portico, username, password);
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

  test("upper and lower case in the name are the same, in the password they are not", async () => {
    const { username, password } = rootOf(portico);
    const swapped = [...password]
      .map((letter) => (letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase()))
      .join("");
    expect(swapped).not.toBe(password);
    expect((await signIn(portico, username.toUpperCase(), password)).status).toBe(200);
    expectProblem(await signIn(portico, username, swapped), 401, "credentials_invalid");
  });

  test("two sessions of one user are both valid", async () => {
    const { username, password } = rootOf(portico);
    const sessions = [await signIn(portico, username, password), await signIn(portico, username, password)];
    const answers = await Promise.all(
      sessions.map(({ body }) => portico.call("GET", "/v1/partners", { token: body.accessToken })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  test("a wrong name and a wrong password are answered alike", async () => {
    const { username, password } = rootOf(portico);
    const wrongWord = await signIn(portico, username, wrongPassword);
    const wrongName = await signIn(portico, "nobody", password);
    expectProblem(wrongWord, 401, "credentials_invalid");
    expect(appearance(wrongName)).toEqual(appearance(wrongWord));
  });

  test(
    "twenty right sign-ins at the same moment all succeed",
    async () => {
      const { username, password } = rootOf(portico);
      const answers = await inParallel(20, () => signIn(portico, username, password));
      expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 20 });
    },
    crowdTimeoutMs,
  );

  test.each([
    ["without a password", { username: "root" }, ["/password"]],
    ["without anything", {}, ["/password", "/username"]],
    ["with an empty name and password", { username: "", password: "" }, ["/password", "/username"]],
    ["with a name that is no text", { username: { $ne: null }, password: "x" }, ["/username"]],
    ["with a null", { username: "root", password: null }, ["/password"]],
    ["with an endless password", { username: "root", password: "x".repeat(2000) }, ["/password"]],
    ["with an unknown field", { username: "root", password: "x", role: "root" }, ["/role"]],
  ])("a request %s is not valid", async (_what, json, pointers) => {
    expectProblem(await portico.call("POST", "/v1/auth/login", { json }), 422, "validation_failed", pointers);
  });

  test("a request that is not JSON is refused for that", async () => {
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

  test("an idempotency key is not honoured: no session is ever given out twice", async () => {
    const headers = { "idempotency-key": "sign-in-1" };
    const json = rootOf(portico);
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

  test("neither name, password nor token is logged, whatever becomes of the request", async () => {
    const { username, password } = rootOf(portico);
    const name = "a-name-to-be-searched-for";
    const answers = [
      await signIn(portico, username, password),
      await signIn(portico, name, "a-password-to-be-searched-for"),
      await portico.call("POST", "/v1/auth/login", { json: { username: name, password: 1, "to-be-searched-for": 1 } }),
    ];
    const ids = answers.map(({ headers }) => headers.get("x-request-id")!);
    while (!ids.every((id) => portico.logs.some((line) => line.includes(id)))) await setImmediate();
    const sensitive = [password, answers[0]!.body.accessToken as string, "to-be-searched-for"];
    expect(sensitive.filter((text) => portico.logs.some((line) => line.includes(text)))).toEqual([]);
  });

  test(
    "after ten failures an unknown name is refused like a known one, and other names are not",
    async () => {
      const guesses = async (username: string, times: number): Promise<readonly Answer[]> => {
        const answers: Answer[] = [];
        for (let guess = 1; guess <= times; guess++) answers.push(await signIn(portico, username, wrongPassword));
        return answers;
      };
      const failures = await guesses("ghost", 9);
      expect(tally(failures.map(({ status }) => status))).toEqual({ 401: 9 });
      expectProblem(await signIn(portico, "GHOST", wrongPassword), 401, "credentials_invalid");
      expectTooManyAttempts(await signIn(portico, "ghost", wrongPassword));
      expectTooManyAttempts(await signIn(portico, "Ghost", wrongPassword));
      expectProblem(await signIn(portico, "ghost2", wrongPassword), 401, "credentials_invalid");
    },
    crowdTimeoutMs,
  );
});

describe("after ten failures for a name", () => {
  let portico: Portico;
  beforeAll(async () => {
    portico = await Portico.start();
  });
  afterAll(async () => {
    await portico.close();
  });

  test(
    "even the right password is refused, successes in between count for nothing, and running sessions go on",
    async () => {
      const { username, password } = rootOf(portico);
      const token = await portico.rootToken();
      const statuses: number[] = [];
      for (let guess = 1; guess <= 10; guess++) {
        statuses.push((await signIn(portico, username, wrongPassword)).status);
        if (guess < 10) statuses.push((await signIn(portico, username, password)).status);
      }
      expect(tally(statuses)).toEqual({ 401: 10, 200: 9 });
      expectTooManyAttempts(await signIn(portico, username, password));
      expectTooManyAttempts(await signIn(portico, username.toUpperCase(), wrongPassword));
      expect((await portico.call("GET", "/v1/partners", { token })).status).toBe(200);
    },
    crowdTimeoutMs,
  );
});

describe("of fifty wrong guesses at the same moment", () => {
  let portico: Portico;
  beforeAll(async () => {
    portico = await Portico.start();
  });
  afterAll(async () => {
    await portico.close();
  });

  test(
    "ten at the most learn that they are wrong, the others that there are too many",
    async () => {
      const { username, password } = rootOf(portico);
      const answers = await inParallel(50, (index) => signIn(portico, username, `${wrongPassword} ${index}`));
      expect(tally(answers.map(({ status, body }) => `${status} ${body.code}`))).toEqual({
        "401 credentials_invalid": 10,
        "429 too_many_attempts": 40,
      });
      expectTooManyAttempts(await signIn(portico, username, password));
    },
    crowdTimeoutMs,
  );
});
