import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson, signIn } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { secondFactorCalls } from "../../support/second-factor.ts";
import { codesOf, sessionCalls } from "../../support/sessions.ts";
import { crowdTimeoutMs, wrongPassword } from "../../support/values.ts";

const portico = Portico.forSuite();
const { newEquippedPerson, remove, equip, signInWith } = secondFactorCalls(portico);
const { present } = sessionCalls(portico);

test.each(["code", "recovery code", "password"])("with a %s, sign-in needs no code any more", async (proof) => {
  const person = await newEquippedPerson();
  const given =
    proof === "password"
      ? { password: person.password }
      : { code: proof === "code" ? await person.app.code() : person.recoveryCodes[0]! };
  const answer = await remove(person.accessToken, given);
  expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
  expect((await present(person.accessToken)).body.secondFactor).toBeNull();
  expect((await signIn(portico, person)).status).toBe(200);
  expect(await codesOf(portico, answer)).toContain("second_factor_changed");
});

test("a removed factor can be replaced by another one; the codes of the first stay wrong", async () => {
  const person = await newEquippedPerson();
  expect((await remove(person.accessToken, { password: person.password })).status).toBe(204);
  const { app } = await equip(person.accessToken, person.password);
  expectProblem(await signInWith(person, person.recoveryCodes[0]), 401, "second_factor_invalid");
  expect((await signInWith(person, await app.code())).status).toBe(200);
});

test("rejects a wrong proof and a person without a second factor, and changes nothing", async () => {
  const person = await newEquippedPerson();
  expectProblem(await remove(person.accessToken, { code: person.app.wrongCode() }), 401, "second_factor_invalid");
  expectProblem(await remove(person.accessToken, { password: wrongPassword }), 401, "credentials_invalid");
  expectProblem(await signIn(portico, person), 401, "second_factor_required");
  const { accessToken, password } = await newPerson(portico);
  expectProblem(await remove(accessToken, { password }), 404, "not_found");
});

test.each([{}, { code: "123456", password: "x" }, { code: "" }, { more: 1 }])("rejects the body %j", async (proof) => {
  const { accessToken } = await newPerson(portico);
  expectProblem(await remove(accessToken, proof), 422, "validation_failed");
});

test(
  "of 50 parallel removals, one succeeds",
  async () => {
    const person = await newEquippedPerson();
    const code = await person.app.code();
    const answers = await inParallel(50, () => remove(person.accessToken, { code }));
    const { 204: removed, ...others } = tally(answers.map(({ status }) => status));
    expect(removed).toBe(1);
    expect(Object.keys(others).filter((status) => !["401", "404"].includes(status))).toEqual([]);
  },
  crowdTimeoutMs,
);

test("a repeated request with its idempotency key is answered like the first", async () => {
  const person = await newEquippedPerson();
  const headers = { "idempotency-key": "removal" };
  for (const replayed of [null, "true"]) {
    const answer = await remove(person.accessToken, { password: person.password }, headers);
    expect([answer.status, answer.headers.get("idempotency-replayed")]).toEqual([204, replayed]);
  }
});
