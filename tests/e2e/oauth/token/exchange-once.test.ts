/** Which tokens of the identity provider are exchanged, and that each is exchanged once. */
import { randomUUID } from "node:crypto";
import { type Differences, externalTokens, newSubject } from "../../../support/external-tokens.ts";
import { exchange, expectOAuthError, identityProviderOf, logged } from "../../../support/oauth-answers.ts";
import type { Answer } from "../../../support/answer.ts";
import { inParallel, Portico, tally } from "../../../support/portico.ts";

const portico = Portico.forSuite();
const { forged, idToken } = externalTokens(portico);

async function self(token: string): Promise<Answer> {
  return await portico.call("GET", "/v1/users/me", { token });
}

describe("a token that was exchanged", () => {
  test("is refused for the rest of its lifetime and logged as a security event", async () => {
    for (const claims of [{ jti: randomUUID() }, {}]) {
      const token = await forged(newSubject(), { claims });
      const { status, body } = await exchange(portico, token);
      expect(status).toBe(200);
      const replayed = await exchange(portico, token);
      expectOAuthError(replayed, 400, "invalid_request");
      await logged(portico, [replayed]);
      const requestId = replayed.headers.get("x-request-id")!;
      const events = portico.logs.filter((line) => line.includes("external_token_refused") && line.includes(requestId));
      expect(events.length).toBeGreaterThan(0);
      expect((await self(body.access_token)).status).toBe(200);
    }
  });

  test("begins one session, however many exchanges run in parallel", async () => {
    const token = await idToken(newSubject());
    const answers = await inParallel(10, () => exchange(portico, token));
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 1, 400: 9 });
  });

  test("does not keep another token of the same subject and second from being exchanged", async () => {
    const idp = identityProviderOf(portico);
    const subject = newSubject();
    const exp = Math.floor(Date.now() / 1000) + 300;
    const claims = { iat: exp - 300, exp };
    const answers = [
      await exchange(portico, await idp.token(subject, claims)),
      await exchange(portico, await idp.token(subject, claims)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  test("is refused also with its jti in a different token", async () => {
    const jti = randomUUID();
    expect((await exchange(portico, await forged(newSubject(), { claims: { jti } }))).status).toBe(200);
    expectOAuthError(await exchange(portico, await forged(newSubject(), { claims: { jti } })), 400, "invalid_request");
  });
});

describe("is exchanged:", () => {
  const now = () => Math.floor(Date.now() / 1000);

  test.each<[string, Differences]>([
    ["the type JWT", { header: { typ: "JWT" } }],
    ["the type application/jwt", { header: { typ: "application/jwt" } }],
    ["a clock that is a few seconds ahead", { claims: { iat: now() + 10, exp: now() + 310 } }],
    ["a clock that is a few seconds behind", { claims: { iat: now() - 300, exp: now() - 5 } }],
  ])("a token with %s", async (_what, differences) => {
    expect((await exchange(portico, await forged(newSubject(), differences))).status).toBe(200);
  });

  test("a token for several audiences that names us as the authorized party", async () => {
    const { audience } = identityProviderOf(portico);
    for (const claims of [{ aud: [audience] }, { aud: [audience, "another"], azp: audience }, { azp: audience }]) {
      expect((await exchange(portico, await forged(newSubject(), { claims }))).status).toBe(200);
    }
  });
});
