import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson, signIn } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { Authenticator, secondFactorCalls } from "../../support/second-factor.ts";
import { sessionCalls } from "../../support/sessions.ts";
import { contentsOf } from "../../support/table.ts";
import { crowdTimeoutMs, wrongPassword } from "../../support/values.ts";

const portico = Portico.forSuite();
const { enrol, confirm, newEquippedPerson, signInWith } = secondFactorCalls(portico);
const { present } = sessionCalls(portico);

test("shows a new secret once, for typing and as a URI", async () => {
  const person = await newPerson(portico);
  const { status, headers, body } = await enrol(person.accessToken, person.password);
  expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
  expect(body.secret).toMatch(/^[A-Z2-7]{32}$/);
  const uri = new URL(body.uri as string);
  expect(uri.href).toContain(`otpauth://totp/Portico%20127.0.0.1:${person.username}?`);
  expect(Object.fromEntries(uri.searchParams)).toMatchObject({ secret: body.secret, issuer: "Portico 127.0.0.1" });
});

test("does not count before it is confirmed: sign-in needs no code, and a repetition replaces the secret", async () => {
  const person = await newPerson(portico);
  const first = await enrol(person.accessToken, person.password);
  expect((await present(person.accessToken)).body.secondFactor).toBeNull();
  expect((await signIn(portico, person)).status).toBe(200);
  const second = await enrol(person.accessToken, person.password);
  expect(second.body.secret).not.toBe(first.body.secret);
  const old = await new Authenticator(first.body.secret).code();
  expectProblem(await confirm(person.accessToken, old), 401, "second_factor_invalid");
  const code = await new Authenticator(second.body.secret).code();
  expect((await confirm(person.accessToken, code)).status).toBe(200);
});

test("stores neither the secret nor the recovery codes in readable form", async () => {
  const person = await newPerson(portico);
  const { body } = await enrol(person.accessToken, person.password);
  const app = new Authenticator(body.secret);
  const { body: confirmed } = await confirm(person.accessToken, await app.code());
  const items = JSON.stringify(await contentsOf(portico.host));
  expect(items).toContain(`SECOND-FACTOR#${person.id}`);
  for (const encoding of ["base64", "base64url", "hex", "latin1"] as const) {
    expect(items).not.toContain(app.secretAs(encoding));
  }
  for (const text of [body.secret, ...confirmed.recoveryCodes]) {
    expect(items).not.toContain(text);
    expect(items).not.toContain(text.replace("-", ""));
  }
  expect(portico.logs.join("\n")).not.toContain(body.secret);
});

test("is refused while a second factor is confirmed", async () => {
  const person = await newEquippedPerson();
  expectProblem(await enrol(person.accessToken, person.password), 409, "second_factor_exists");
  expect((await signInWith(person, await person.app.code())).status).toBe(200);
});

test(
  "requires the password, whose guesses are limited",
  async () => {
    const person = await newPerson(portico);
    for (let guess = 1; guess <= 10; guess++) {
      expectProblem(await enrol(person.accessToken, wrongPassword), 401, "credentials_invalid");
    }
    expectProblem(await enrol(person.accessToken, person.password), 429, "too_many_attempts");
  },
  crowdTimeoutMs,
);

test.each([{}, { password: "" }, { password: 1 }, { password: "x", more: 1 }])("rejects the body %j", async (json) => {
  const { accessToken: token } = await newPerson(portico);
  const answer = await portico.call("POST", "/v1/users/me/second-factor", { token, json });
  expectProblem(answer, 422, "validation_failed");
});
