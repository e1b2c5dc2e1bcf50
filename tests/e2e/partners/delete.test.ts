import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { partnerCalls } from "../../support/partners.ts";
import { verdict, type Answer } from "../../support/answer.ts";
import { inParallel, Portico, tally, type TestPartner } from "../../support/portico.ts";

const portico = Portico.forSuite();
const { acceptsSecret, asRoot, change, read, register, remove, self } = partnerCalls(portico);

async function subscribe(token: string, externalUserId = "u1"): Promise<Answer> {
  const json = { externalUserId, userEmail: "u1@example.com", duration: "P1M" };
  return await portico.call("POST", "/v1/subscriptions", { token, json });
}

async function createCompany(token: string): Promise<Answer> {
  const json = { name: "Padaria Aurora", phone: "551130001234", declaredBilling: "5.00" };
  return await portico.call("POST", "/v1/companies", { token, json });
}

/** What prevents the deletion of a partner, and how to create the one with a number. */
const uses = {
  subscriptions: (token: string, index: number) => subscribe(token, `u${index}`),
  companies: (token: string) => createCompany(token),
} as const;

describe("deleting a partner", () => {
  test("returns 204, and afterwards nothing finds it and its credentials fail", async () => {
    const { id, email, secret, token } = await portico.partnerWithToken();
    const answer = await remove(id);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    const after = [
      await read(id),
      await change(id, { name: "x" }),
      await asRoot("POST", `/v1/partners/${id}/secret`),
      await asRoot("POST", `/v1/partners/${id}/revoke-tokens`),
      await remove(id),
    ];
    for (const gone of after) expectProblem(gone, 404, "not_found");
    expectTokenRefused(await portico.call("GET", "/v1/partners/me", { token }), "token_revoked");
    expect([await acceptsSecret(id, secret), await acceptsSecret(email, secret)]).toEqual([false, false]);
    const { body } = await asRoot("GET", "/v1/partners?limit=100");
    expect(body.items.map((item: TestPartner) => item.id)).not.toContain(id);
  });

  test("frees the e-mail address for a new partner", async () => {
    const { id, email, secret } = await portico.registerPartner();
    expect((await remove(id)).status).toBe(204);
    const next = await register({ email });
    expect(next.status).toBe(201);
    expect(next.body.id).not.toBe(id);
    expect(await acceptsSecret(email, secret)).toBe(false);
    expect(await acceptsSecret(email, next.body.clientSecret)).toBe(true);
  });

  test("is rejected while a subscription is live, and succeeds after its cancellation", async () => {
    const { id, token } = await portico.partnerWithToken();
    expect((await subscribe(token)).status).toBe(201);
    expectProblem(await remove(id), 409, "partner_in_use");
    expect((await portico.call("GET", "/v1/subscriptions/u1", { token })).status).toBe(200);
    expect((await subscribe(token, "u2")).status).toBe(201);
    for (const user of ["u1", "u2"]) {
      expect((await portico.call("DELETE", `/v1/subscriptions/${user}`, { token })).status).toBe(204);
    }
    expect((await remove(id)).status).toBe(204);
    expectProblem(await read(id), 404, "not_found");
  });

  test("is rejected while a company exists, and succeeds after its deletion", async () => {
    const { id, token } = await portico.partnerWithToken();
    const { body, headers } = await createCompany(token);
    const path = headers.get("location")!;
    expectProblem(await remove(id), 409, "partner_in_use");
    expect((await portico.call("GET", path, { token })).body).toEqual(body);
    expect((await createCompany(token)).status).toBe(201);
    expect((await portico.call("DELETE", path, { token })).status).toBe(204);
    expectProblem(await remove(id), 409, "partner_in_use");
    const { items } = (await portico.call("GET", "/v1/companies", { token })).body;
    expect((await portico.call("DELETE", `/v1/companies/${items[0].id}`, { token })).status).toBe(204);
    expect((await remove(id)).status).toBe(204);
  });

  test("rejects a stale If-Match and accepts the current ETag", async () => {
    const { id } = await portico.registerPartner();
    const { body } = await read(id);
    expect((await change(id, { name: "Red Bicycle" })).status).toBe(200);
    expectProblem(await remove(id, { "if-match": body.etag }), 412, "precondition_failed");
    const { body: current } = await read(id);
    expect((await remove(id, { "if-match": current.etag })).status).toBe(204);
  });

  test("a suspended partner can be deleted", async () => {
    const { id } = await portico.registerPartner();
    expect((await change(id, { status: "suspended" })).status).toBe(200);
    expect((await remove(id)).status).toBe(204);
  });

  test("fifty parallel deletions return 204 or 404", async () => {
    const { id } = await portico.registerPartner();
    const answers = await inParallel(50, () => remove(id));
    const verdicts = tally(answers.map(verdict));
    expect(Object.keys(verdicts).filter((each) => each !== "204" && each !== "404 not_found")).toEqual([]);
    expect(verdicts["204"]).toBeGreaterThanOrEqual(1);
    expectProblem(await read(id), 404, "not_found");
  });

  test("a deletion among fifty parallel changes succeeds", async () => {
    const { id } = await portico.registerPartner();
    const [removed, ...changed] = await inParallel(51, (index) =>
      index === 0 ? remove(id) : change(id, { name: `Bicycle ${index}` }),
    );
    expect(removed?.status).toBe(204);
    expect(changed.map(verdict).filter((each) => each !== "200" && each !== "404 not_found")).toEqual([]);
    expectProblem(await read(id), 404, "not_found");
  });

  test.each([
    ["subscriptions", 0],
    ["subscriptions", 25],
    ["companies", 0],
    ["companies", 25],
  ] as const)(
    "among fifty %s created in parallel, a deletion as call %d either wins or all creations do",
    async (kind, place) => {
      const { id, token } = await portico.partnerWithToken();
      const answers = await inParallel(51, (index) => (index === place ? remove(id) : uses[kind](token, index)));
      const removed = verdict(answers[place]!);
      const created = tally(answers.filter((_, index) => index !== place).map(verdict));
      expect(["204", "409 partner_in_use"]).toContain(removed);
      if (removed === "204") {
        expect(created).toEqual({ "401 token_revoked": 50 });
        expectProblem(await read(id), 404, "not_found");
      } else {
        expect(created).toEqual({ 201: 50 });
        expect((await read(id)).status).toBe(200);
        expect((await uses[kind](token, 51)).status).toBe(201);
      }
    },
  );
});

describe("the access tokens of a deleted partner", () => {
  test("deletion revokes the access token", async () => {
    const partner = await portico.partnerWithToken();
    const { status } = await portico.call("DELETE", `/v1/partners/${partner.id}`, { token: await portico.rootToken() });
    expect(status).toBe(204);
    expectTokenRefused(await self(partner.token), "token_revoked");
  });
});
