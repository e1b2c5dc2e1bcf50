/** The tokens of a partner. */
import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import type { Scenario } from "../kit.ts";
import { times, verdictOf, countOf } from "./values.ts";

export const tokens: Scenario = {
  name: "tokens",
  invariant: "of all tokens that a partner was given exactly one is valid, the one with the highest version",
  begin: async (world, callers) => {
    const partner = await world.partner();
    const form = { grant_type: "client_credentials", client_id: partner.id, client_secret: partner.secret };
    const given: string[] = [];
    return {
      callers: times(callers, () => async () => {
        const { status, body, text } = await world.persist("POST", "/oauth/token", { form });
        assert.equal(status, 200, text);
        given.push(body.access_token);
      }),
      verify: async () => {
        assert.equal(given.length, callers);
        const verdicts = await Promise.all(
          given.map(async (token) => verdictOf(await world.call("GET", "/v1/partners/me", { token }))),
        );
        assert.equal(countOf(verdicts, "200"), 1, `valid tokens: ${verdicts.join(", ")}`);
        assert.equal(countOf(verdicts, "401 token_revoked"), callers - 1, verdicts.join(", "));
        const versions = given.map((token) => Number(decodeJwt(token).ver));
        assert.equal(versions[verdicts.indexOf("200")], Math.max(...versions));
        assert.equal(new Set(versions).size, callers, "two tokens have the same version");
      },
    };
  },
};
