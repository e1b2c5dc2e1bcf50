/** How partners end their tokens, and people their sessions (RFC 7009). */
import { decodeJwt } from "jose";
import { expectTokenRefused } from "../../support/expect-problem.ts";
import { forge } from "../../support/forgery.ts";
import { expectOAuthError } from "../../support/oauth-answers.ts";
import { newPerson, refreshed, sessionOf, type TestSession } from "../../support/people.ts";
import type { Answer } from "../../support/answer.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { linesOf, sessionCalls, tampered } from "../../support/sessions.ts";
import {
  type Authentication,
  describeClientAuthentication,
  expectInactive,
  foreignTokens,
  newExternalSession,
  tokenEndpointCalls,
} from "../../support/token-endpoints.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

const portico = Portico.forSuite();
const { ask, changePartner, partnerSelf } = tokenEndpointCalls(portico);
const { expectAlive, expectOver, present, revoke } = sessionCalls(portico);

describe("revocation by partners", () => {
  test.each<[Authentication]>([["client_secret_basic"], ["client_secret_post"]])(
    "with %s revokes the token for the next request and returns an empty response",
    async (by) => {
      const { token, ...partner } = await portico.partnerWithToken();
      const answer = await ask("revoke", partner, token, { by });
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: "" });
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expectTokenRefused(await partnerSelf(token), "token_revoked");
      expectInactive(await ask("introspect", partner, token));
    },
  );

  test("a second revocation returns the same and does not affect a new token", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    await ask("revoke", partner, token);
    const newer = await portico.partnerToken(partner);
    expect((await ask("revoke", partner, token)).status).toBe(200);
    expect((await partnerSelf(newer)).status).toBe(200);
  });

  test("revokes all tokens under the token policy `many`", async () => {
    const partner = await portico.registerPartner();
    await changePartner(partner, { tokenPolicy: "many" });
    const tokens = await inParallel(5, () => portico.partnerToken(partner));
    expect(tally((await Promise.all(tokens.map(partnerSelf))).map(({ status }) => status))).toEqual({ 200: 5 });
    expect((await ask("revoke", partner, tokens[2])).status).toBe(200);
    for (const answer of await Promise.all(tokens.map(partnerSelf))) expectTokenRefused(answer, "token_revoked");
    expect((await partnerSelf(await portico.partnerToken(partner))).status).toBe(200);
  });

  test("ten parallel revocations of one token all return 200", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    const answers = await inParallel(10, () => ask("revoke", partner, token));
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 10 });
    expectTokenRefused(await partnerSelf(token), "token_revoked");
  });

  test.each(foreignTokens(portico))("for %s returns 200 and revokes nothing", async (_what, make) => {
    const { token, ...partner } = await portico.partnerWithToken();
    const other = await make(token);
    const answer = await ask("revoke", partner, other);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: "" });
    expect((await partnerSelf(token)).status).toBe(200);
  });

  test("does not revoke another partner's or a user's token", async () => {
    const partner = await portico.registerPartner();
    const [other, somebody] = [await portico.partnerWithToken(), await newExternalSession(portico)];
    for (const token of [other.token, somebody.accessToken, somebody.refreshToken]) {
      expect((await ask("revoke", partner, token)).status).toBe(200);
    }
    expect((await partnerSelf(other.token)).status).toBe(200);
    expect((await portico.call("GET", "/v1/users/me", { token: somebody.accessToken })).status).toBe(200);
  });

  test("a public client gets 200 for a partner's token and revokes nothing", async () => {
    const { token } = await portico.partnerWithToken();
    const answer = await portico.call("POST", "/oauth/revoke", { form: { client_id: "web", token } });
    expect(answer.status).toBe(200);
    expect((await partnerSelf(token)).status).toBe(200);
  });
});

describe("revocation by users", () => {
  async function expectRevoked(answer: Answer): Promise<void> {
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: "" });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect((await linesOf(portico, answer)).length).toBeGreaterThan(0);
  }

  test.each(["refreshToken", "accessToken"] as const)("the %s ends its session at once and no other", async (kind) => {
    const person = await newPerson(portico);
    const other = await sessionOf(portico, person);
    await expectRevoked(await revoke(person[kind]));
    await expectOver(person);
    await expectRevoked(await revoke(person[kind]));
    await expectAlive(other);
  });

  test.each(["access_token", "refresh_token", "something_else"])("works with the hint %s", async (hint) => {
    const [one, other] = [await newPerson(portico), await newPerson(portico)];
    await expectRevoked(await revoke(one.refreshToken, { token_type_hint: hint }));
    await expectRevoked(await revoke(other.accessToken, { token_type_hint: hint }));
    await expectOver(one);
    await expectOver(other);
  });

  test("a spent refresh token also ends its session", async () => {
    const person = await newPerson(portico);
    const next = await refreshed(portico, person.refreshToken);
    await expectRevoked(await revoke(person.refreshToken));
    await expectOver(next);
  });

  test(
    "sixty sessions can be revoked in sequence, and another one stays active",
    async () => {
      const person = await newPerson(portico);
      const ended: TestSession[] = [];
      for (let count = 1; count <= 60; count++) {
        const session = await sessionOf(portico, person);
        await expectRevoked(await revoke(session.refreshToken));
        ended.push(session);
      }
      const answers = await Promise.all(ended.map(({ accessToken }) => present(accessToken)));
      expect(tally(answers.map(({ status, body }) => `${status} ${body.code}`))).toEqual({ "401 token_revoked": 60 });
      await expectAlive(await refreshed(portico, person.refreshToken));
    },
    crowdTimeoutMs,
  );

  test(
    "nineteen parallel revocations end nineteen sessions, and the twentieth stays",
    async () => {
      const person = await newPerson(portico);
      const sessions = await inParallel(19, () => sessionOf(portico, person));
      const answers = await inParallel(19, (index) => revoke(sessions[index]!.refreshToken));
      expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 19 });
      for (const session of sessions) await expectOver(session);
      await expectAlive(person);
    },
    crowdTimeoutMs,
  );

  test("unknown, forged and partners' tokens get the same response without effect", async () => {
    const person = await newPerson(portico);
    const next = await refreshed(portico, person.refreshToken);
    const { token: partnerToken } = await portico.partnerWithToken();
    const claims = { ver: (decodeJwt(next.accessToken)["ver"] as number) + 1 };
    const without = [
      "garbage",
      tampered(next.refreshToken, "secret"),
      tampered(next.refreshToken, "generation", "3"),
      tampered(next.refreshToken, "session"),
      `${next.accessToken}x`,
      await forge(portico, next.accessToken, { claims }),
      partnerToken,
    ];
    for (const token of without) await expectRevoked(await revoke(token));
    await expectAlive(next);
    expect((await portico.call("GET", "/v1/partners/me", { token: partnerToken })).status).toBe(200);
  });

  test("a partner cannot revoke a user's token", async () => {
    const person = await newPerson(portico);
    const { id, secret } = await portico.registerPartner();
    for (const token of [person.accessToken, person.refreshToken]) {
      await expectRevoked(await revoke(token, { client_id: id, client_secret: secret }));
    }
    await expectAlive(person);
  });

  test("requires a client of the stage and a token", async () => {
    const person = await newPerson(portico);
    for (const client of ["", "another"]) {
      expectOAuthError(await revoke(person.refreshToken, { client_id: client }), 401, "invalid_client");
    }
    expectOAuthError(await revoke(""), 400, "invalid_request");
    await expectAlive(person);
  });
});

describeClientAuthentication(portico, "revoke");
