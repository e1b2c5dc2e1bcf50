/** What a partner learns about a token (RFC 7662). */
import { decodeJwt } from "jose";
import { Portico } from "../../support/portico.ts";
import {
  type Authentication,
  describeClientAuthentication,
  expectInactive,
  foreignTokens,
  tokenEndpointCalls,
} from "../../support/token-endpoints.ts";

const portico = Portico.forSuite();
const { ask, changePartner, partnerSelf } = tokenEndpointCalls(portico);

describe("introspection", () => {
  test.each<[Authentication]>([["client_secret_basic"], ["client_secret_post"]])(
    "with %s returns the claims of the partner's own active token",
    async (by) => {
      const partner = await portico.registerPartner();
      const token = await portico.partnerToken(partner, "companies:read subscriptions:read");
      const answer = await ask("introspect", partner, token, { by });
      const { iat, exp, jti } = decodeJwt(token);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.body).toEqual({
        active: true,
        scope: "subscriptions:read companies:read",
        client_id: partner.id,
        token_type: "Bearer",
        iat,
        exp,
        sub: partner.id,
        aud: portico.url,
        iss: portico.url,
        jti,
      });
    },
  );

  test.each(["access_token", "refresh_token", "something_else"])("ignores the hint %s", async (hint) => {
    const { token, ...partner } = await portico.partnerWithToken();
    expect((await ask("introspect", partner, token, { hint })).body.active).toBe(true);
  });

  test("accepts the e-mail address as client id", async () => {
    const { token, email, secret } = await portico.partnerWithToken();
    expect((await ask("introspect", { id: email, secret }, token)).body.active).toBe(true);
  });

  test("does not change the token", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    await ask("introspect", partner, token);
    expect((await partnerSelf(token)).status).toBe(200);
  });

  test.each(foreignTokens(portico))("for %s returns only that it is inactive", async (_what, make) => {
    const { token, ...partner } = await portico.partnerWithToken();
    expectInactive(await ask("introspect", partner, await make(token)));
  });

  test("a replaced token is inactive", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    const newer = await portico.partnerToken(partner);
    expectInactive(await ask("introspect", partner, token));
    expect((await ask("introspect", partner, newer)).body.active).toBe(true);
  });

  test("a token from before a suspension is inactive", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    await changePartner(partner, { status: "suspended" });
    await changePartner(partner, { status: "active" });
    expectInactive(await ask("introspect", partner, token));
  });
});

describeClientAuthentication(portico, "introspect");
