/** The logs say what a call was about, by ids alone: no name, e-mail address, code or id that a partner chose. */
import { decodeJwt } from "jose";
import type { Answer } from "../../support/answer.ts";
import { newPerson, sessionOf } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { linesOf } from "../../support/sessions.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { create } = subscriptionCalls(portico);

async function lineOf(answer: Answer, code = "request_served"): Promise<Record<string, unknown>> {
  const line = (await linesOf(portico, answer)).find((text) => text.includes(`"code":"${code}"`)) ?? "{}";
  return JSON.parse(line) as Record<string, unknown>;
}

test("a served request names the object of its path and who called", async () => {
  const person = await newPerson(portico);
  const line = await lineOf(await portico.callAsRoot("GET", `/v1/users/${person.id}`));
  expect(line).toMatchObject({ operation: "users.read", targetId: person.id, principalId: expect.any(String) });
});

test("a refused request names what it was tried on", async () => {
  const [person, other] = [await newPerson(portico), await newPerson(portico)];
  const answer = await call("DELETE", `/v1/users/${other.id}`, { token: person.accessToken });
  expect(answer.status).toBe(403);
  const expected = { operation: "users.delete", problem: "forbidden", targetId: other.id, principalId: person.id };
  expect(await lineOf(answer)).toMatchObject(expected);
});

test("an object within another one has both ids", async () => {
  const person = await newPerson(portico);
  const { accessToken } = await sessionOf(portico, person);
  const { sid } = decodeJwt<{ sid: string }>(accessToken);
  const answer = await portico.callAsRoot("DELETE", `/v1/users/${person.id}/sessions/${sid}`);
  expect(answer.status).toBe(204);
  expect(await lineOf(answer)).toMatchObject({ targetId: `${person.id}/${sid}` });
});

test("a refused token's line names its route and what it was tried on", async () => {
  const person = await newPerson(portico);
  const answer = await call("GET", `/v1/users/${person.id}`, { token: "forged" });
  const route = "GET /v1/users/{userId}";
  expect(await lineOf(answer, "token_refused")).toMatchObject({ targetId: person.id, route });
});

test("a 422's line names the fields that are wrong, and neither their values nor names that the caller chose", async () => {
  const { token } = await portico.partnerWithToken();
  const json = { externalUserId: "searched for", duration: 1, "searched-for": 1, userEmail: "searched-for" };
  const answer = await call("POST", "/v1/subscriptions", { token, json });
  expect(answer.status).toBe(422);
  const pointers = ["/externalUserId", "/userEmail", "/duration", "/*"];
  expect(await lineOf(answer)).toMatchObject({
    problem: "validation_failed",
    pointers: expect.arrayContaining(pointers),
  });
  expect((await linesOf(portico, answer)).filter((line) => /searched.for/.test(line))).toEqual([]);
});

test("the id that a partner gave to its user does not appear: it may be an e-mail address", async () => {
  const { token } = await portico.partnerWithToken();
  const externalUserId = "to-be-searched-for@example.com";
  await create(token, { externalUserId });
  const answer = await call("GET", `/v1/subscriptions/${encodeURIComponent(externalUserId)}`, { token });
  expect(answer.status).toBe(200);
  expect(await lineOf(answer)).not.toHaveProperty("targetId");
  expect(portico.logs.filter((line) => line.includes("to-be-searched-for"))).toEqual([]);
});

test("a malformed id does not appear: it may be anything", async () => {
  const token = await portico.rootToken();
  for (const text of ["name-to-be-searched-for", "usr_name-to-be-searched-for", "usr_01jd3y5w8q4t6v2x9zb7c1d3ef"]) {
    const answer = await call("GET", `/v1/users/${text}`, { token });
    expect(answer.status).toBe(404);
    expect(await lineOf(answer)).not.toHaveProperty("targetId");
  }
  expect(portico.logs.filter((line) => line.includes("name-to-be-searched-for"))).toEqual([]);
});
