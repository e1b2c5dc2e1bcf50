import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { expectOAuthError } from "../../support/oauth-answers.ts";
import { newPerson, refresh, refreshed, sessionOf } from "../../support/people.ts";
import { inParallel, Portico } from "../../support/portico.ts";
import { sessionCalls } from "../../support/sessions.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

const portico = Portico.forSuite();
const { expectAlive, expectOver, present } = sessionCalls(portico);

describe("signing out", () => {
  test("ends every session of the caller at once, and no other user's", async () => {
    const [person, stranger] = [await newPerson(portico), await newPerson(portico)];
    const other = await sessionOf(portico, person);
    const third = await refreshed(portico, other.refreshToken);
    const answer = await portico.call("POST", "/v1/auth/logout", { token: person.accessToken });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    for (const session of [person, other, third]) await expectOver(session);
    expectTokenRefused(await portico.call("POST", "/v1/auth/logout", { token: person.accessToken }), "token_revoked");
    await expectAlive(stranger);
    await expectAlive(await sessionOf(portico, person));
  });

  test("accepts only an empty object as a body", async () => {
    const { accessToken: token } = await newPerson(portico);
    const answer = await portico.call("POST", "/v1/auth/logout", { token, json: { everywhere: false } });
    expectProblem(answer, 422, "validation_failed", ["/everywhere"]);
    expect((await portico.call("POST", "/v1/auth/logout", { token, json: {} })).status).toBe(204);
  });

  test(
    "also ends the sessions of fifty parallel refreshes",
    async () => {
      const person = await newPerson(portico);
      const sessions = await inParallel(5, () => sessionOf(portico, person));
      const [out, ...answers] = await inParallel(51, (index) =>
        index === 0
          ? portico.call("POST", "/v1/auth/logout", { token: person.accessToken })
          : refresh(portico, sessions[index % 5]!.refreshToken),
      );
      expect(out!.status).toBe(204);
      const given = answers.filter(({ status }) => status === 200);
      const refused = answers.filter(({ body }) => body.error === "invalid_grant");
      expect(given.length + refused.length).toBe(50);
      for (const { body } of given) expectTokenRefused(await present(body.access_token), "token_revoked");
      for (const { refreshToken } of sessions) {
        expectOAuthError(await refresh(portico, refreshToken), 400, "invalid_grant");
      }
    },
    crowdTimeoutMs,
  );
});
