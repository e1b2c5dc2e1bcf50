/** Reading partners and oneself. Covers `partners/self`. */
import { expectProblem } from "../../support/expect-problem.ts";
import { malformedPartnerIds, partnerCalls } from "../../support/partners.ts";
import { Portico } from "../../support/portico.ts";
import { unknownPartnerId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { asRoot, change, read, register } = partnerCalls(portico);

describe("reading partners", () => {
  test("reading a partner by id returns what its registration returned, without the secret", async () => {
    const { body } = await register();
    const answer = await read(body.id);
    const { clientId: _clientId, clientSecret: _clientSecret, ...partner } = body;
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: partner });
    expect(answer.headers.get("etag")).toBe(partner.etag);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("a partner can read itself and no other partner", async () => {
    const { id, token } = await portico.partnerWithToken();
    const self = await portico.call("GET", "/v1/partners/me", { token });
    expect({ status: self.status, body: self.body }).toEqual({ status: 200, body: (await read(id)).body });
    expect(self.headers.get("etag")).toBe(self.body.etag);
    const other = await portico.registerPartner();
    expectProblem(await portico.call("GET", `/v1/partners/${other.id}`, { token }), 403, "forbidden");
  });

  test.each([unknownPartnerId, ...malformedPartnerIds])("the id %s is not found", async (id) => {
    const answers = [
      await read(id),
      await change(id, { name: "x" }),
      await asRoot("DELETE", `/v1/partners/${id}`),
      await asRoot("POST", `/v1/partners/${id}/secret`),
      await asRoot("POST", `/v1/partners/${id}/revoke-tokens`),
    ];
    for (const answer of answers) expectProblem(answer, 404, "not_found");
  });
});
