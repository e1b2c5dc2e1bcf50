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

describe("introspecting", () => {
  test.each<[Authentication]>([["client_secret_basic"], ["client_secret_post"]])(
    "with %s tells everything of the partner's own active token",
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

  test.each(["access_token", "refresh_token", "something_else"])("heeds no hint: %s finds it as well", async (hint) => {
    const { token, ...partner } = await portico.partnerWithToken();
    expect((await ask("introspect", partner, token, { hint })).body.active).toBe(true);
  });

  test("is possible by the e-mail address, too", async () => {
    const { token, email, secret } = await portico.partnerWithToken();
    expect((await ask("introspect", { id: email, secret }, token)).body.active).toBe(true);
  });

  test("changes nothing: the token is as valid as before", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    await ask("introspect", partner, token);
    expect((await partnerSelf(token)).status).toBe(200);
  });

  test.each(foreignTokens(portico))("%s says that it is not active, and nothing more", async (_what, make) => {
    const { token, ...partner } = await portico.partnerWithToken();
    expectInactive(await ask("introspect", partner, await make(token)));
  });

  test("one that a newer one replaced says that it is not active", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    const newer = await portico.partnerToken(partner);
    expectInactive(await ask("introspect", partner, token));
    expect((await ask("introspect", partner, newer)).body.active).toBe(true);
  });

  test("one of before a suspension says that it is not active", async () => {
    const { token, ...partner } = await portico.partnerWithToken();
    await changePartner(partner, { status: "suspended" });
    await changePartner(partner, { status: "active" });
    expectInactive(await ask("introspect", partner, token));
  });
});

describeClientAuthentication(portico, "introspect");
