/** A stage whose administrators need a second factor. */
import { decodeJwt } from "jose";
import { operations } from "../../../shared/operations.ts";
import { administrators } from "../../../shared/domain/access.ts";
import { assemblyWith, type AlteredAssembly } from "../../support/assembly.ts";
import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { externalTokens, newSubject } from "../../support/external-tokens.ts";
import { exchange } from "../../support/oauth-answers.ts";
import { newUser, refreshed, sessionOf } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { callAll } from "../../support/requests.ts";
import { secondFactorCalls, type Equipment } from "../../support/second-factor.ts";

let assembly: AlteredAssembly;
let portico: Portico;
let calls: ReturnType<typeof secondFactorCalls>;
/** Root's token before it has a second factor, and the factor that it then gets. */
let beginner: string;
let root: Equipment;

beforeAll(async () => {
  assembly = assemblyWith("ADMINISTRATORS_NEED_SECOND_FACTOR", "true");
  portico = await Portico.start({ assembly: assembly.folder });
  calls = secondFactorCalls(portico);
  beginner = await portico.rootToken();
});

afterAll(async () => {
  await portico.close();
  assembly.remove();
});

const listUsers = (token: string) => portico.call("GET", "/v1/users", { token });

test("without one, root may only enrol it and sign out", async () => {
  const allowed = ["users.enrol-second-factor", "users.confirm-second-factor", "auth.logout"];
  const refused = operations.filter(
    ({ access, id }) =>
      access !== "public" &&
      access.user?.roles.some((role) => administrators.includes(role)) === true &&
      !allowed.includes(id),
  );
  expect(refused.length).toBeGreaterThan(20);
  for (const answer of await callAll(portico, refused, beginner))
    expectProblem(answer, 403, "second_factor_enrolment_required");
});

test("after the confirmation, root's session is served at once", async () => {
  root = await calls.equip(beginner, portico.host.rootSignIn!.password);
  expect((await listUsers(beginner)).status).toBe(200);
  expectProblem(await calls.signInWith(portico.host.rootSignIn!), 401, "second_factor_required");
  const { body } = await calls.signInWith(portico.host.rootSignIn!, root.recoveryCodes[0]);
  expect((await listUsers(body.accessToken)).status).toBe(200);
});

test("users need none until they become administrators", async () => {
  const person = await newUser(portico);
  const session = await sessionOf(portico, person);
  expect((await portico.call("GET", "/v1/users/me", { token: session.accessToken })).status).toBe(200);
  expect((await portico.callAsRoot("PATCH", `/v1/users/${person.id}`, { role: "admin" })).status).toBe(200);
  const next = await refreshed(portico, session.refreshToken);
  expectProblem(await listUsers(next.accessToken), 403, "second_factor_enrolment_required");
  await calls.equip(next.accessToken, person.password);
  expect((await listUsers(next.accessToken)).status).toBe(200);
});

test("a removal and a reset take effect on the next request", async () => {
  const person = await newUser(portico, {}, "admin");
  const { accessToken: token } = await sessionOf(portico, person);
  await calls.equip(token, person.password);
  expect((await calls.remove(token, { password: person.password })).status).toBe(204);
  expectProblem(await listUsers(token), 403, "second_factor_enrolment_required");
  await calls.equip(token, person.password);
  expect((await listUsers(token)).status).toBe(200);
  expect((await calls.reset(await portico.rootToken(), person.id)).status).toBe(204);
  expectTokenRefused(await listUsers(token), "token_revoked");
  const { accessToken } = await sessionOf(portico, person);
  expectProblem(await listUsers(accessToken), 403, "second_factor_enrolment_required");
});

test("an administrator of the identity provider needs its `mfa`", async () => {
  const subject = newSubject();
  const { idToken } = externalTokens(portico);
  const session = async (amr?: readonly string[]): Promise<string> =>
    (await exchange(portico, await idToken(subject, amr && { amr }))).body.access_token;
  const id = decodeJwt(await session()).sub!;
  expect((await portico.callAsRoot("PATCH", `/v1/users/${id}`, { role: "admin" })).status).toBe(200);
  for (const amr of [undefined, [], ["pwd"], ["otp"]]) {
    expectProblem(await listUsers(await session(amr)), 403, "second_factor_enrolment_required");
  }
  const token = await session(["pwd", "mfa"]);
  expect(decodeJwt(token)["amr"]).toEqual(["mfa"]);
  expect((await listUsers(token)).status).toBe(200);
});

test("partners are not concerned", async () => {
  const { token } = await portico.partnerWithToken();
  expect((await portico.call("GET", "/v1/partners/me", { token })).status).toBe(200);
});
