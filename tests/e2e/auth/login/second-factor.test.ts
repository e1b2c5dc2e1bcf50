import { expectProblem } from "../../../support/expect-problem.ts";
import { inParallel, Portico, tally } from "../../../support/portico.ts";
import { secondFactorCalls } from "../../../support/second-factor.ts";
import { codesOf, linesOf, sessionCalls } from "../../../support/sessions.ts";
import { crowdTimeoutMs, wrongPassword } from "../../../support/values.ts";
import { newPerson } from "../../../support/people.ts";

const portico = Portico.forSuite();
const { newEquippedPerson, signInWith } = secondFactorCalls(portico);
const { present, expectAlive, changePassword } = sessionCalls(portico);

/** The claims of an access token, unverified. */
function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as Record<string, unknown>;
}

test("needs the password and a code; the token names both methods", async () => {
  const person = await newEquippedPerson();
  expectProblem(await signInWith(person), 401, "second_factor_required");
  const { status, body } = await signInWith(person, await person.app.code());
  expect(status).toBe(200);
  expect(claimsOf(body.accessToken)).toMatchObject({ amr: ["pwd", "otp", "mfa"] });
  await expectAlive(body);
});

test("with a wrong password, the answer is the same with a right code, a wrong one and none", async () => {
  const person = await newEquippedPerson();
  const wrong = { ...person, password: wrongPassword };
  const code = await person.app.code();
  const answers = [await signInWith(wrong), await signInWith(wrong, code), await signInWith(wrong, "000000")];
  for (const answer of answers) expectProblem(answer, 401, "credentials_invalid");
  expect(new Set(answers.map(({ body }) => body.detail)).size).toBe(1);
  // The code was not used up.
  expect((await signInWith(person, code)).status).toBe(200);
});

test("a code signs in once, typed with or without a space", async () => {
  const person = await newEquippedPerson();
  const code = await person.app.code();
  expect((await signInWith(person, `${code.slice(0, 3)} ${code.slice(3)}`)).status).toBe(200);
  expectProblem(await signInWith(person, code), 401, "second_factor_invalid");
});

test("a recovery code signs in once, and a security event is logged", async () => {
  const person = await newEquippedPerson();
  const [code = ""] = person.recoveryCodes;
  const answer = await signInWith(person, code.toLowerCase());
  expect(answer.status).toBe(200);
  expect((await present(answer.body.accessToken)).body.secondFactor.recoveryCodesLeft).toBe(9);
  expect(await codesOf(portico, answer)).toContain("recovery_code_used");
  expectProblem(await signInWith(person, code), 401, "second_factor_invalid");
});

test.each([
  ["the app", async (person: Awaited<ReturnType<typeof newEquippedPerson>>) => await person.app.code()],
  ["a recovery code", async (person: Awaited<ReturnType<typeof newEquippedPerson>>) => person.recoveryCodes[0]!],
])(
  "of 50 parallel sign-ins with one code of %s, one succeeds",
  async (_name, codeOf) => {
    const person = await newEquippedPerson();
    const code = await codeOf(person);
    const answers = await inParallel(50, () => signInWith(person, code));
    const { 200: signedIn, ...others } = tally(answers.map(({ status }) => status));
    expect(signedIn).toBe(1);
    expect(Object.keys(others).filter((status) => !["401", "429", "503"].includes(status))).toEqual([]);
  },
  crowdTimeoutMs,
);

test(
  "50 parallel sign-ins with one code of the app do not lock the person out",
  async () => {
    const person = await newEquippedPerson();
    const code = await person.app.code();
    await inParallel(50, () => signInWith(person, code));
    expect((await signInWith(person, person.recoveryCodes[0])).status).toBe(200);
  },
  crowdTimeoutMs,
);

test("a used code of the app does not use the attempts up", async () => {
  const person = await newEquippedPerson();
  const code = await person.app.code();
  expect((await signInWith(person, code)).status).toBe(200);
  for (let guess = 1; guess <= 11; guess++) {
    expectProblem(await signInWith(person, code), 401, "second_factor_invalid");
  }
  // The app has no third code before the next half minute.
  expect((await signInWith(person, person.recoveryCodes[0])).status).toBe(200);
});

test(
  "ten wrong codes in an hour refuse the right one as well; sessions go on, and an administrator unlocks",
  async () => {
    const person = await newEquippedPerson();
    for (let guess = 1; guess <= 10; guess++) {
      expectProblem(await signInWith(person, person.app.wrongCode()), 401, "second_factor_invalid");
    }
    const refused = await signInWith(person, await person.app.code());
    expectProblem(refused, 429, "too_many_attempts");
    const line = (await linesOf(portico, refused)).find((text) => text.includes('"sign_in_failed"')) ?? "{}";
    expect(JSON.parse(line)).toMatchObject({ reason: "too_many_attempts", targetId: person.id });
    expect((await present(person.accessToken)).status).toBe(200);
    const unlocked = await portico.callAsRoot("POST", `/v1/users/${person.id}/unlock-sign-in`);
    expect(unlocked.status).toBe(204);
    expect((await signInWith(person, person.recoveryCodes[0])).status).toBe(200);
  },
  crowdTimeoutMs,
);

test("a wrong code is logged with its target and without the code", async () => {
  const person = await newEquippedPerson();
  const code = person.app.wrongCode();
  const answer = await signInWith(person, code);
  const lines = await linesOf(portico, answer);
  const failure = lines.find((line) => line.includes('"sign_in_failed"')) ?? "{}";
  expect(JSON.parse(failure)).toMatchObject({ reason: "second_factor_invalid", targetId: person.id });
  expect(failure).not.toContain(`"${code}"`);
});

test("a code of a person without a second factor is ignored", async () => {
  const person = await newPerson(portico);
  expect((await signInWith(person, "123456")).status).toBe(200);
});

test("the second factor outlives a change of the password", async () => {
  const person = await newEquippedPerson();
  expect((await changePassword(person.accessToken, person.password, "a very different password")).status).toBe(204);
  const changed = { ...person, password: "a very different password" };
  expectProblem(await signInWith(changed), 401, "second_factor_required");
  expect((await signInWith(changed, await person.app.code())).status).toBe(200);
});

test.each(["", "x".repeat(33), 123456, null])("rejects the code %j", async (code) => {
  const json = { username: "ada", password: "x", code };
  expectProblem(await portico.call("POST", "/v1/auth/login", { json }), 422, "validation_failed", ["/code"]);
});
