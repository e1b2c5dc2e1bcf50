import { verdict } from "../../support/answer.ts";
import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { newPerson } from "../../support/people.ts";
import { partnerCalls } from "../../support/partners.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { plantChanges } from "../../support/table.ts";
import { unknownPartnerId } from "../../support/values.ts";
import { parsePeriod } from "../../../shared/subscriptions/period.ts";
import { create as newSubscription } from "../../../shared/subscriptions/rules.ts";
import { subscriptionChange } from "../../../shared/subscriptions/store.ts";

const portico = Portico.forSuite();
const { asRoot, change, read, remove, self } = partnerCalls(portico);
const { create, createExpired } = subscriptionCalls(portico);

const offBoard = (id: string, headers = {}) => asRoot("POST", `/v1/partners/${id}/off-board`, undefined, headers);
const subscriptionsOf = async (id: string): Promise<any[]> =>
  (await asRoot("GET", `/v1/partners/${id}/subscriptions?limit=100`)).body.items;
const createCompany = (token: string) =>
  portico.call("POST", "/v1/companies", {
    token,
    json: { name: "Padaria Aurora", phone: "551130001234", declaredBilling: "5.00" },
  });

/** Live subscriptions written to the table: fast, because nobody calls. */
async function plantSubscriptions(partnerId: string, count: number): Promise<void> {
  const now = new Date();
  const duration = { text: "P1M", period: parsePeriod("P1M")! };
  const changes = Array.from({ length: count }, (_, index) => {
    const request = { externalUserId: `planted-${index}`, userEmail: "planted@example.com", duration };
    const subscription = newSubscription(undefined, request, now);
    if (subscription instanceof Error) throw subscription;
    const author = { partnerId, tokenId: "planted", now, request: { id: "planted", idempotencyKey: null } };
    // Without the check of the partner, which all of them would wait for.
    return subscriptionChange("created", undefined, subscription, author).filter((write) => "put" in write);
  });
  await plantChanges(portico.host, changes);
}

describe("off-boarding a partner", () => {
  test("suspends it, cancels what is live and deletes the companies; then it can be deleted", async () => {
    const { id, token } = await portico.partnerWithToken();
    const expired = await createExpired(token, "expired");
    await create(token, {}, { user: "active" });
    await create(token, { startsAt: "2096-01-01T00:00:00Z" }, { user: "scheduled" });
    for (let count = 0; count < 2; count++) expect((await createCompany(token)).status).toBe(201);
    expectProblem(await remove(id), 409, "partner_in_use");
    const { status, body } = await offBoard(id);
    expect({ status, body }).toEqual({
      status: 200,
      body: { subscriptionsCancelled: 2, companiesDeleted: 2, done: true },
    });
    expectTokenRefused(await self(token), "token_revoked");
    expect((await read(id)).body.status).toBe("suspended");
    const left = await subscriptionsOf(id);
    expect(left.map((each) => [each.externalUserId, each.status])).toEqual([
      ["active", "cancelled"],
      ["expired", "expired"],
      ["scheduled", "cancelled"],
    ]);
    expect(left[1]).toEqual(expired);
    expect((await offBoard(id)).body).toEqual({ subscriptionsCancelled: 0, companiesDeleted: 0, done: true });
    expect((await remove(id)).status).toBe(204);
    expectProblem(await offBoard(id), 404, "not_found");
  });

  test("does a bounded part in each call, and the next call continues", async () => {
    const { id } = await portico.registerPartner();
    await plantSubscriptions(id, 510);
    expect((await offBoard(id)).body).toEqual({ subscriptionsCancelled: 500, companiesDeleted: 0, done: false });
    expectProblem(await remove(id), 409, "partner_in_use");
    expect((await offBoard(id)).body).toEqual({ subscriptionsCancelled: 10, companiesDeleted: 0, done: true });
    expect((await remove(id)).status).toBe(204);
  });

  test("continues after the partner was made active again in between", async () => {
    const partner = await portico.partnerWithToken();
    await create(partner.token);
    expect((await offBoard(partner.id)).body.subscriptionsCancelled).toBe(1);
    await change(partner.id, { status: "active" });
    await create(await portico.partnerToken(partner));
    expect((await offBoard(partner.id)).body).toMatchObject({ subscriptionsCancelled: 1, done: true });
  });

  test("among fifty sales and companies in parallel, nothing is live once it is done", async () => {
    const { id, token } = await portico.partnerWithToken();
    const answers = await inParallel(51, (index) => {
      if (index === 25) return offBoard(id);
      return index % 2 === 0 ? create(token, {}, { user: `u${index}` }) : createCompany(token);
    });
    expect(answers[25]?.status).toBe(200);
    const others = tally(answers.filter((_, index) => index !== 25).map(verdict));
    expect(Object.keys(others).filter((each) => !["201", "401 token_revoked"].includes(each))).toEqual([]);
    let done = answers[25]?.body.done as boolean;
    for (let calls = 0; !done && calls < 20; calls++) done = (await offBoard(id)).body.done;
    expect(done).toBe(true);
    expect((await subscriptionsOf(id)).filter(({ status }) => status !== "cancelled")).toEqual([]);
    expect((await remove(id)).status).toBe(204);
  });

  test("a repeated call with its idempotency key gets the first answer", async () => {
    const { id, token } = await portico.partnerWithToken();
    await create(token);
    const headers = { "idempotency-key": "the-end" };
    const first = await offBoard(id, headers);
    const second = await offBoard(id, headers);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get("idempotency-replayed")).toBe("true");
  });

  test("fifty calls in parallel cancel each subscription once", async () => {
    const { id, token } = await portico.partnerWithToken();
    await inParallel(10, (index) => create(token, {}, { user: `u${index}` }));
    const answers = await inParallel(50, () => offBoard(id));
    expect(tally(answers.map(verdict))).toEqual({ "200": 50 });
    expect((await offBoard(id)).body).toMatchObject({ done: true });
    expect((await subscriptionsOf(id)).map(({ etag }) => etag)).toEqual(Array(10).fill('"2"'));
  });

  test("is for administrators only, and an unknown partner is not found", async () => {
    const { id, token } = await portico.partnerWithToken();
    const person = await newPerson(portico);
    for (const each of [token, person.accessToken]) {
      expectProblem(await portico.call("POST", `/v1/partners/${id}/off-board`, { token: each }), 403, "forbidden");
    }
    expectProblem(await offBoard(unknownPartnerId), 404, "not_found");
    expect((await read(id)).body.status).toBe("active");
  });
});
