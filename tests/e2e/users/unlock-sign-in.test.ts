/** How an administrator ends a lockout, and whom a lockout does not reach. */
import { rawCall } from "../../support/raw.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson, newUser, sessionOf, signIn, type TestUser } from "../../support/people.ts";
import type { Answer } from "../../support/answer.ts";
import { Portico } from "../../support/portico.ts";
import { expectReplayed, withKey } from "../../support/idempotency.ts";
import { linesOf, sessionCalls } from "../../support/sessions.ts";
import { contentsOf } from "../../support/table.ts";
import { crowdTimeoutMs, unknownUserId, wrongPassword } from "../../support/values.ts";

const portico = Portico.forSuite();
const { changePassword } = sessionCalls(portico);

/** Uses up the failures of this address. */
async function lock(user: TestUser): Promise<void> {
  for (let guess = 1; guess <= 10; guess++) await signIn(portico, { ...user, password: wrongPassword });
  expectProblem(await signIn(portico, user), 429, "too_many_attempts");
}

async function signInFrom(
  localAddress: string,
  { username, password }: TestUser,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { pathname } = new URL(`${portico.url}/v1/auth/login`);
  const body = JSON.stringify({ username, password });
  return await rawCall(portico.url, "POST", pathname, {
    headers: { "content-type": "application/json", ...headers },
    body,
    localAddress,
  });
}

async function unlock(token: string, userId: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return await portico.call("POST", `/v1/users/${userId}/unlock-sign-in`, { token, headers });
}

test(
  "a lockout holds for the address that caused it, whatever headers it sends, and for no other",
  async () => {
    const user = await newUser(portico);
    await lock(user);
    for (const name of ["x-forwarded-for", "x-real-ip", "forwarded"]) {
      const answer = await signInFrom("127.0.0.1", user, { [name]: "203.0.113.7" });
      expectProblem(answer, 429, "too_many_attempts");
    }
    expect((await signInFrom("127.0.0.2", user)).status).toBe(200);
    expectProblem(await signIn(portico, user), 429, "too_many_attempts");
    const attempts = (await contentsOf(portico.host)).filter(({ pk }) => String(pk).startsWith("ATTEMPTS#"));
    expect(attempts.length).toBeGreaterThan(0);
    expect(JSON.stringify(attempts)).not.toContain("127.0.0.");
  },
  crowdTimeoutMs,
);

test(
  "an administrator unlocks sign-in and the change of the password, and a security event is logged",
  async () => {
    const person = await newPerson(portico);
    const { accessToken: token } = await newPerson(portico, "admin");
    await lock(person);
    for (let guess = 1; guess <= 10; guess++) await changePassword(person.accessToken, wrongPassword);
    expectProblem(await changePassword(person.accessToken, person.password), 429, "too_many_attempts");

    const answer = await unlock(token, person.id);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    expect((await signIn(portico, person)).status).toBe(200);
    expect((await changePassword(person.accessToken, person.password)).status).toBe(204);
    const event = (await linesOf(portico, answer)).find((line) => line.includes('"code":"sign_in_unlocked"')) ?? "{}";
    expect(JSON.parse(event)).toMatchObject({ operation: "users.unlock-sign-in", principalId: person.id });
  },
  crowdTimeoutMs,
);

test("unlocking a user that is not locked is a no-op", async () => {
  const user = await newUser(portico);
  expect((await unlock(await portico.rootToken(), user.id)).status).toBe(204);
  expect((await signIn(portico, user)).status).toBe(200);
});

test("only administrators unlock, and only users that exist", async () => {
  const person = await newPerson(portico);
  expectProblem(await unlock(person.accessToken, person.id), 403, "forbidden");
  expectProblem(await unlock(await portico.rootToken(), unknownUserId), 404, "not_found");
});

test("with an idempotency key, a replay returns the first response", async () => {
  const user = await newUser(portico);
  const headers = withKey();
  const token = (await sessionOf(portico, await newUser(portico, {}, "admin"))).accessToken;
  const first = await unlock(token, user.id, headers);
  expectReplayed(await unlock(token, user.id, headers), first);
});
