/** The smoke test of a deployment: it passes on a sound one, finds broken promises, and leaves nothing behind. */
import { checkDeployed } from "../../../infra/checks/deployed/check-deployed.ts";
import type { SignIn } from "../../../infra/checks/deployed/checks.ts";
import { errorAnswer, type Interceptor } from "../../../infra/local/services/service-proxy.ts";
import { parseBase32, stepAt, totpCode } from "../../../shared/identity/totp.ts";
import { newPerson } from "../../support/people.ts";
import { secondFactorCalls } from "../../support/second-factor.ts";
import { Portico } from "../../support/portico.ts";

let portico: Portico;
/** Which calls of functions to AWS fail. */
let broken: Interceptor | undefined;
const mayBreak: Interceptor = (call, next) => (broken ?? ((_call, done) => done()))(call, next);

beforeAll(async () => {
  portico = await Portico.start({ interceptors: [mayBreak] });
});
afterAll(async () => {
  await portico.close();
});
beforeEach(() => {
  broken = undefined;
});

async function check(options: { readonly password?: string; readonly release?: string } = {}) {
  const lines: string[] = [];
  const { password, release } = options;
  const signIn = { ...portico.host.rootSignIn!, ...(password !== undefined && { password }) };
  const passed = await checkDeployed({ url: portico.url, signIn, release, report: (line) => lines.push(line) });
  return { passed, lines };
}

/** Names of partners, as an administrator sees them. */
async function partners(): Promise<readonly string[]> {
  const { body } = await portico.call("GET", "/v1/partners", { token: await portico.rootToken() });
  return body.items.map(({ name }: { name: string }) => name);
}

test("an administrator with a second factor needs its secret", async () => {
  const { username, password, accessToken } = await newPerson(portico, "admin");
  const { body } = await secondFactorCalls(portico).enrol(accessToken, password);
  const totpSecret = parseBase32(body.secret)!;
  // The check uses the code of the current step, so this one is of the step before.
  const confirm = async () =>
    await secondFactorCalls(portico).confirm(accessToken, totpCode(totpSecret, stepAt(new Date()) - 1));
  // A step may begin before the first code is checked.
  expect([(await confirm()).status, (await confirm()).status]).toContain(200);
  const checkWith = (signIn: SignIn) => checkDeployed({ url: portico.url, signIn, report: () => undefined });
  expect(await checkWith({ username, password })).toBe(false);
  expect(await checkWith({ username, password, totpSecret })).toBe(true);
});

test("a sound deployment keeps every promise, one line each, and nothing stays", async () => {
  const token = await portico.rootToken();
  const { passed, lines } = await check();
  expect(lines.filter((line) => !line.startsWith("ok "))).toEqual([]);
  expect(passed).toBe(true);
  expect(lines.slice(-4)).toEqual([
    "ok    the company is removed again",
    "ok    the subscription is removed again",
    "ok    the partner is removed again",
    "ok    the session is removed again",
  ]);
  expect(await partners()).toEqual([]);
  // Other sessions of the same administrator go on.
  expect((await portico.call("GET", "/v1/users/me", { token })).status).toBe(200);
});

test("the release that answers has to be the named one", async () => {
  const { body } = await portico.call("GET", "/health");
  expect((await check({ release: body.version })).passed).toBe(true);
  const { passed, lines } = await check({ release: "9.9.9+none" });
  expect(passed).toBe(false);
  expect(lines).toEqual([
    expect.stringMatching(/^FAIL {2}the health check answers.*: the release \S+ answers, not 9\.9\.9\+none$/),
  ]);
});

test("the first broken promise ends the check, and what was made is removed", async () => {
  broken = async ({ functionId }, next) =>
    functionId.endsWith("-subscriptions-extend") ? errorAnswer("ValidationException", "injected") : await next();
  const { passed, lines } = await check();
  expect(passed).toBe(false);
  expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([
    expect.stringMatching(/PUT \/v1\/subscriptions\/deployment-check answers 500 internal_error, not 200$/),
  ]);
  expect(lines.at(-1)).toBe("ok    the session is removed again");
  expect(await partners()).toEqual([]);
});

test("what cannot be removed is said", async () => {
  broken = async ({ functionId }, next) =>
    functionId.endsWith("-partners-delete") ? errorAnswer("ValidationException", "injected") : await next();
  const { passed, lines } = await check();
  expect(passed).toBe(false);
  expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([
    expect.stringMatching(/the partner is removed again: DELETE/),
  ]);
});

test("a wrong password is one line that does not repeat it", async () => {
  const { passed, lines } = await check({ password: "not the password of root" });
  expect(passed).toBe(false);
  expect(lines.at(-1)).toBe(
    "FAIL  an administrator signs in: POST /v1/auth/login answers 401 credentials_invalid, not 200",
  );
});

test("an address where nothing answers is one line", async () => {
  const lines: string[] = [];
  const signIn = { username: "root", password: "x" };
  const url = "http://127.0.0.1:1";
  expect(await checkDeployed({ url, signIn, report: (line) => lines.push(line) })).toBe(false);
  expect(lines).toEqual([expect.stringMatching(/^FAIL {2}the health check answers.*GET \/health is not answered/)]);
});
