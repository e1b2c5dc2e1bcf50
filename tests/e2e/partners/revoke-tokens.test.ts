import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { expectReplayed, withKey } from "../../support/idempotency.ts";
import { partnerCalls } from "../../support/partners.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";

const portico = Portico.forSuite();
const { acceptsSecret, asRoot, partnerWithMany, verdicts } = partnerCalls(portico);

describe("revoking all tokens of a partner", () => {
  async function expectRevoked(token: string): Promise<void> {
    expectTokenRefused(await portico.call("GET", "/v1/partners/me", { token }), "token_revoked");
  }

  test("returns 204 to an administrator and takes effect on the next request", async () => {
    const { id, secret, token } = await portico.partnerWithToken();
    const answer = await asRoot("POST", `/v1/partners/${id}/revoke-tokens`);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    await expectRevoked(token);
    expect(await acceptsSecret(id, secret)).toBe(true);
  });

  test("also revokes the token of the partner that calls it", async () => {
    const { id, token } = await portico.partnerWithToken();
    const { status } = await portico.call("POST", `/v1/partners/${id}/revoke-tokens`, { token, json: {} });
    expect(status).toBe(204);
    await expectRevoked(token);
  });

  test("returns 404 to another partner and revokes nothing", async () => {
    const [one, other] = [await portico.partnerWithToken(), await portico.partnerWithToken()];
    const path = `/v1/partners/${other.id}/revoke-tokens`;
    expectProblem(await portico.call("POST", path, { token: one.token }), 404, "not_found");
    expect((await portico.call("GET", "/v1/partners/me", { token: other.token })).status).toBe(200);
  });

  test("rejects any field", async () => {
    const { id } = await portico.registerPartner();
    const answer = await asRoot("POST", `/v1/partners/${id}/revoke-tokens`, { all: true });
    expectProblem(answer, 422, "validation_failed", ["/all"]);
  });
});

describe("under the token policy `many`", () => {
  test("revokes all of them", async () => {
    const partner = await partnerWithMany();
    const tokens = await inParallel(3, () => portico.partnerToken(partner));
    const path = `/v1/partners/${partner.id}/revoke-tokens`;
    const { status } = await portico.call("POST", path, { token: tokens[0]! });
    expect(status).toBe(204);
    expect(tally(await verdicts(tokens))).toEqual({ "401 token_revoked": 3 });
    expect(await verdicts([await portico.partnerToken(partner)])).toEqual(["valid"]);
  });
});

describe("Idempotency-Key", () => {
  test("a replay returns the first response and does not revoke newer tokens", async () => {
    const partner = await portico.registerPartner();
    const headers = withKey();
    const path = `/v1/partners/${partner.id}/revoke-tokens`;
    const first = await asRoot("POST", path, undefined, headers);
    const token = await portico.partnerToken(partner);
    expectReplayed(await asRoot("POST", path, undefined, headers), first);
    expect((await portico.call("GET", "/v1/partners/me", { token })).status).toBe(200);
  });
});
