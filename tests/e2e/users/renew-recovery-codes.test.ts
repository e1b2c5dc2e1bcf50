import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { secondFactorCalls } from "../../support/second-factor.ts";
import { codesOf } from "../../support/sessions.ts";

const portico = Portico.forSuite();
const { newEquippedPerson, renewCodes, signInWith } = secondFactorCalls(portico);

test("answers ten other codes, and the previous ones stop working", async () => {
  const person = await newEquippedPerson();
  const answer = await renewCodes(person.accessToken, await person.app.code());
  expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
  const { recoveryCodes } = answer.body as { recoveryCodes: string[] };
  expect(recoveryCodes).toHaveLength(10);
  expect(recoveryCodes.filter((code) => person.recoveryCodes.includes(code))).toEqual([]);
  expectProblem(await signInWith(person, person.recoveryCodes[0]), 401, "second_factor_invalid");
  expect((await signInWith(person, recoveryCodes[0])).status).toBe(200);
  expect(await codesOf(portico, answer)).toContain("second_factor_changed");
});

test("takes one of the previous codes as well, once", async () => {
  const person = await newEquippedPerson();
  const [code = ""] = person.recoveryCodes;
  expect((await renewCodes(person.accessToken, code)).status).toBe(200);
  expectProblem(await renewCodes(person.accessToken, code), 401, "second_factor_invalid");
});

test("rejects a wrong code, and a person without a second factor", async () => {
  const person = await newEquippedPerson();
  expectProblem(await renewCodes(person.accessToken, person.app.wrongCode()), 401, "second_factor_invalid");
  expect((await signInWith(person, person.recoveryCodes[0])).status).toBe(200);
  const { accessToken } = await newPerson(portico);
  expectProblem(await renewCodes(accessToken, "123456"), 404, "not_found");
});

test("a repeated request with its idempotency key renews nothing again", async () => {
  const person = await newEquippedPerson();
  const code = await person.app.code();
  const renew = () => renewCodes(person.accessToken, code, { "idempotency-key": "renewal" });
  const { body } = await renew();
  const repeated = await renew();
  expect([repeated.status, repeated.headers.get("idempotency-replayed")]).toEqual([200, "true"]);
  expect((await signInWith(person, body.recoveryCodes[0])).status).toBe(200);
});
