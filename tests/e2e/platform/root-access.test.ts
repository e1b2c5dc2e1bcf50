/** How an operator restores root's access: with root's secret and the bootstrap, at a deployment or by hand. */
import { randomUUID } from "node:crypto";
import { verdict, type Answer } from "../../support/answer.ts";
import { Portico } from "../../support/portico.ts";
import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { secondFactorCalls } from "../../support/second-factor.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

const username = "root";

const portico = Portico.alone();
/** Root's password before each test, and the one that the operator then sets. Each test has its own. */
let password = "";
let newPassword = "";
/** The number of successful bootstraps since the logs were cleared. */
let succeeded = 0;

beforeEach(async () => {
  password = `the password of before ${randomUUID()}`;
  newPassword = `the operator's choice ${randomUUID()}`;
  changeSecret({ username, password });
  expect(await invokeBootstrap()).toBeUndefined();
  await everythingLogged();
  portico.logs.splice(0);
  succeeded = 0;
});

function bootstrapFunction(): (typeof portico.host.model.functions)[number] {
  const found = portico.host.model.functions.find(({ name }) => name.endsWith("-bootstrap"));
  if (found === undefined) throw new Error("the template has no bootstrap");
  return found;
}

/** Stands in for `aws secretsmanager put-secret-value`. */
function changeSecret(value: unknown): void {
  const SecretId = bootstrapFunction().environment.ROOT_SIGN_IN_SECRET;
  const SecretString = typeof value === "string" ? value : JSON.stringify(value);
  expect(portico.host.secrets.answer("PutSecretValue", { SecretId, SecretString }).status).toBe(200);
}

/** Stands in for `aws lambda invoke`. @returns the error type if it fails */
async function invokeBootstrap(event: unknown = {}): Promise<string | undefined> {
  const outcome = await portico.host.invoke(bootstrapFunction().id, event);
  if ("failure" in outcome) return outcome.failure.errorType;
  succeeded++;
  return undefined;
}

/** A deployment runs the custom resource again. */
async function deployAgain(): Promise<void> {
  await portico.host.replace(process.env.PORTICO_TEST_ASSEMBLY!);
  succeeded++;
}

/** Waits for the last line of each bootstrap, and so for all lines before it. */
async function everythingLogged(): Promise<void> {
  const ended = (): number => portico.logs.filter((line) => line.includes('"bootstrap_done"')).length;
  while (ended() < succeeded) await new Promise(setImmediate);
}

async function signIn(given: string): Promise<Answer> {
  return await portico.call("POST", "/v1/auth/login", { json: { username, password: given } });
}

async function self(token: string): Promise<Answer> {
  return await portico.call("GET", "/v1/users/me", { token });
}

async function refresh(refreshToken: string): Promise<Answer> {
  const form = { grant_type: "refresh_token", client_id: "web", refresh_token: refreshToken };
  return await portico.call("POST", "/oauth/token", { form });
}

const events = (): string[] => portico.logs.filter((line) => line.includes('"code":"root_access_restored"'));

describe.each<[string, () => Promise<unknown>]>([
  ["deploying again", () => deployAgain()],
  ["the emergency command", () => invokeBootstrap()],
])("after a change of the secret, %s", (_how, act) => {
  test("only the new password works", async () => {
    changeSecret({ username, password: newPassword });
    expect((await signIn(newPassword)).status).toBe(401);
    await act();
    expect((await signIn(newPassword)).status).toBe(200);
    expectProblem(await signIn(password), 401, "credentials_invalid");
  });

  test("root's sessions end with the next request", async () => {
    const { body: session } = await signIn(password);
    changeSecret({ username, password: newPassword });
    expect((await self(session.accessToken)).status).toBe(200);
    await act();
    expectTokenRefused(await self(session.accessToken), "token_revoked");
    expect((await refresh(session.refreshToken)).body.error).toBe("invalid_grant");
  });

  test("root keeps its profile, and a security event is logged", async () => {
    const { body: before } = await signIn(password);
    changeSecret({ username, password: newPassword });
    await act();
    const { body: after } = await signIn(newPassword);
    expect(after.user).toEqual(before.user);
    await everythingLogged();
    expect(events()).toHaveLength(1);
    expect(portico.logs.filter((line) => line.includes(newPassword))).toEqual([]);
  });

  test("root gets access even after it changed its own password", async () => {
    const { accessToken: token } = (await signIn(password)).body;
    const json = { currentPassword: password, newPassword: "a password that nobody remembers" };
    expect((await portico.call("POST", "/v1/users/me/password", { token, json })).status).toBe(204);
    changeSecret({ username, password: newPassword });
    await act();
    expect((await signIn(newPassword)).status).toBe(200);
  });
});

describe("a lockout of root", () => {
  async function lock(): Promise<void> {
    for (let guess = 1; guess <= 10; guess++) expect((await signIn("a guess")).status).toBe(401);
    expectProblem(await signIn(password), 429, "too_many_attempts");
  }

  test(
    "ends with the emergency command, also with an unchanged secret",
    async () => {
      await lock();
      expect(await invokeBootstrap()).toBeUndefined();
      expect((await signIn(password)).status).toBe(200);
    },
    crowdTimeoutMs,
  );

  test(
    "ends with a changed secret",
    async () => {
      await lock();
      changeSecret({ username, password: newPassword });
      expect(await invokeBootstrap()).toBeUndefined();
      expect((await signIn(newPassword)).status).toBe(200);
    },
    crowdTimeoutMs,
  );
});

describe("root's second factor", () => {
  const { equip, signInWith } = secondFactorCalls(portico);

  test("is removed by an operator's command alone, which ends root's sessions and is logged", async () => {
    const { accessToken: token } = (await signIn(password)).body;
    const { recoveryCodes } = await equip(token, password);
    expectProblem(await signIn(password), 401, "second_factor_required");
    expect(await invokeBootstrap()).toBeUndefined();
    changeSecret({ username, password: newPassword });
    await deployAgain();
    expectProblem(await signIn(newPassword), 401, "second_factor_required");
    const { body: session } = await signInWith({ username, password: newPassword }, recoveryCodes[0]);
    expect(await invokeBootstrap({ resetRootSecondFactor: true })).toBeUndefined();
    expectTokenRefused(await self(session.accessToken), "token_revoked");
    expect((await signIn(newPassword)).status).toBe(200);
    await everythingLogged();
    const resets = portico.logs.filter((line) => line.includes('"code":"second_factor_reset"'));
    expect(resets.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { operation: "bootstrap", principalId: session.user.id },
    ]);
  });
});

test("with an unchanged secret, deployments and the emergency command change nothing", async () => {
  const { body: session } = await signIn(password);
  await deployAgain();
  expect(await invokeBootstrap()).toBeUndefined();
  expect(await invokeBootstrap()).toBeUndefined();
  expect((await self(session.accessToken)).status).toBe(200);
  expect((await refresh(session.refreshToken)).status).toBe(200);
  expect((await signIn(password)).status).toBe(200);
  await everythingLogged();
  expect(events()).toEqual([]);
});

test("parallel bootstraps restore access like one", async () => {
  changeSecret({ username, password: newPassword });
  const failures = await Promise.all([invokeBootstrap(), invokeBootstrap(), invokeBootstrap()]);
  expect(failures).toEqual([undefined, undefined, undefined]);
  expect((await signIn(newPassword)).status).toBe(200);
});

test.each<[string, unknown]>([
  ["that is not JSON", "a password by itself"],
  ["without a password", { username }],
  ["with a short password", { username, password: "short" }],
])("a secret %s fails the command and changes nothing", async (_what, secret) => {
  changeSecret(secret);
  expect(await invokeBootstrap()).toMatch(/Error$/);
  expect((await signIn(password)).status).toBe(200);
});

describe("a changed secret at a deployment", () => {
  const portico = Portico.alone();

  test("gives root access with the new password and ends its sessions", async () => {
    const { host } = portico;
    const before = host.rootSignIn!;
    const token = await portico.rootToken();
    const after = { username: before.username, password: "correct horse battery staple" };
    const secretId = host.model.functions.map(({ environment }) => environment.ROOT_SIGN_IN_SECRET).find(Boolean);
    const put = host.secrets.answer("PutSecretValue", { SecretId: secretId, SecretString: JSON.stringify(after) });
    expect(put.status).toBe(200);

    await host.replace(process.env.PORTICO_TEST_ASSEMBLY!);

    expect(verdict(await portico.call("GET", "/v1/partners", { token }))).toBe("401 token_revoked");
    expect(verdict(await portico.call("POST", "/v1/auth/login", { json: before }))).toBe("401 credentials_invalid");
    const signedIn = await portico.call("POST", "/v1/auth/login", { json: after });
    expect(verdict(signedIn)).toBe("200");
    expect(verdict(await portico.call("GET", "/v1/partners", { token: signedIn.body.accessToken }))).toBe("200");
  });

  test("with an unchanged secret, the sessions stay active", async () => {
    const { body } = await portico.call("POST", "/v1/auth/login", { json: portico.host.rootSignIn });
    await portico.host.replace(process.env.PORTICO_TEST_ASSEMBLY!);
    expect(verdict(await portico.call("GET", "/v1/partners", { token: body.accessToken }))).toBe("200");
  });
});
