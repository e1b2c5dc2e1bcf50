import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson, refreshed, sessionOf } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { Authenticator, secondFactorCalls } from "../../support/second-factor.ts";
import { codesOf, sessionCalls } from "../../support/sessions.ts";
import { withKey } from "../../support/idempotency.ts";
import { contentsOf } from "../../support/table.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

const portico = Portico.forSuite();
const { enrol, confirm, signInWith, newEquippedPerson } = secondFactorCalls(portico);
const { present, expectAlive, expectOver } = sessionCalls(portico);

async function newEnrolment() {
  const person = await newPerson(portico);
  const { body } = await enrol(person.accessToken, person.password);
  return { ...person, app: new Authenticator(body.secret) };
}

/** The claims of an access token, unverified. */
function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString());
}

test("answers ten recovery codes, and sign-in asks for a code from then on", async () => {
  const person = await newEnrolment();
  const answer = await confirm(person.accessToken, await person.app.code());
  expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
  const { recoveryCodes } = answer.body as { recoveryCodes: string[] };
  expect(recoveryCodes).toHaveLength(10);
  expect(new Set(recoveryCodes).size).toBe(10);
  for (const code of recoveryCodes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/);
  expect((await present(person.accessToken)).body.secondFactor).toEqual({
    confirmedAt: expect.stringMatching(/Z$/),
    recoveryCodesLeft: 10,
  });
  expectProblem(await signInWith(person), 401, "second_factor_required");
  expect(await codesOf(portico, answer)).toContain("second_factor_changed");
});

test("ends the other sessions and keeps the calling one, whose next tokens name the methods", async () => {
  const person = await newEnrolment();
  const other = await sessionOf(portico, person);
  expect(claimsOf(other.accessToken)).toMatchObject({ amr: ["pwd"] });
  expect((await confirm(person.accessToken, await person.app.code())).status).toBe(200);
  await expectOver(other);
  const next = await refreshed(portico, person.refreshToken);
  expect(claimsOf(next.accessToken)).toMatchObject({ amr: ["pwd", "otp", "mfa"] });
  await expectAlive(next);
});

test("the code that confirmed does not sign in", async () => {
  const person = await newEnrolment();
  const code = await person.app.code();
  expect((await confirm(person.accessToken, code)).status).toBe(200);
  expectProblem(await signInWith(person, code), 401, "second_factor_invalid");
  expect((await signInWith(person, await person.app.code())).status).toBe(200);
});

test("rejects a wrong code, a confirmation without an enrolment and a second confirmation", async () => {
  const person = await newEnrolment();
  expectProblem(await confirm(person.accessToken, person.app.wrongCode()), 401, "second_factor_invalid");
  expect((await signInWith(person)).status).toBe(200);
  const { accessToken } = await newPerson(portico);
  expectProblem(await confirm(accessToken, "123456"), 404, "not_found");
  const equipped = await newEquippedPerson();
  expectProblem(await confirm(equipped.accessToken, await equipped.app.code()), 409, "second_factor_exists");
});

test(
  "of 50 parallel confirmations with one code, one succeeds",
  async () => {
    const person = await newEnrolment();
    const code = await person.app.code();
    const answers = await inParallel(50, () => confirm(person.accessToken, code));
    const { 200: confirmed, ...others } = tally(answers.map(({ status }) => status));
    expect(confirmed).toBe(1);
    expect(Object.keys(others).filter((status) => !["401", "409"].includes(status))).toEqual([]);
    const { recoveryCodes } = answers.find(({ status }) => status === 200)!.body;
    expect((await signInWith(person, recoveryCodes[0])).status).toBe(200);
  },
  crowdTimeoutMs,
);

test(
  "ten wrong codes in an hour refuse the right one as well",
  async () => {
    const person = await newEnrolment();
    for (let guess = 1; guess <= 10; guess++) {
      expectProblem(await confirm(person.accessToken, person.app.wrongCode()), 401, "second_factor_invalid");
    }
    expectProblem(await confirm(person.accessToken, await person.app.code()), 429, "too_many_attempts");
  },
  crowdTimeoutMs,
);

test("with an idempotency key, a replay lacks the secret and the recovery codes, and neither is recorded", async () => {
  const person = await newPerson(portico);
  const call = (path: string, json: unknown, headers: Readonly<Record<string, string>>) =>
    portico.call("POST", `/v1/users/me/second-factor${path}`, { token: person.accessToken, json, headers });
  const [enrolling, confirming] = [withKey(), withKey()];
  const first = await call("", { password: person.password }, enrolling);
  const again = await call("", { password: person.password }, enrolling);
  expect([again.status, again.headers.get("idempotency-replayed"), again.body]).toEqual([200, "true", {}]);
  const code = await new Authenticator(first.body.secret).code();
  const confirmed = await call("/confirm", { code }, confirming);
  const repeated = await call("/confirm", { code }, confirming);
  expect([repeated.status, repeated.headers.get("idempotency-replayed"), repeated.body]).toEqual([200, "true", {}]);
  const kept = JSON.stringify(await contentsOf(portico.host));
  for (const secret of [first.body.secret, ...confirmed.body.recoveryCodes]) expect(kept).not.toContain(secret);
});
