import { codesOf } from "../../support/sessions.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";

const portico = Portico.forSuite();
const { create, extend, history, read } = subscriptionCalls(portico);

const pathOf = (partnerId: string, user = "u1") => `/v1/partners/${partnerId}/subscriptions/${user}/export`;

describe("exporting the data of an external user", () => {
  test("has the subscription and its history page by page, and is a security event", async () => {
    const { id, token } = await portico.partnerWithToken();
    await create(token);
    await extend(token);
    const first = await portico.callAsRoot("GET", `${pathOf(id)}?limit=1`);
    const cursor = String(first.body.nextCursor);
    const second = await portico.callAsRoot("GET", `${pathOf(id)}?limit=1&cursor=${cursor}`);
    expect(first.body.subscription).toEqual((await read(token)).body);
    expect([...first.body.history, ...second.body.history]).toEqual(await history(token));
    expect(await codesOf(portico, first)).toContain("personal_data_exported");
    expect(portico.logs.filter((line) => line.includes("u1@example.com"))).toEqual([]);
  });

  test("shows an erased address as empty, also of a suspended partner", async () => {
    const { id, token } = await portico.partnerWithToken();
    await create(token);
    await portico.call("DELETE", "/v1/subscriptions/u1/personal-data", { token });
    await portico.callAsRoot("PATCH", `/v1/partners/${id}`, { status: "suspended" });
    const { body } = await portico.callAsRoot("GET", pathOf(id));
    expect(body).toMatchObject({ subscription: { userEmail: "" }, nextCursor: null });
  });

  test("is for administrators only, and an unknown user is not found", async () => {
    const { id, token } = await portico.partnerWithToken();
    await create(token);
    const person = await newPerson(portico);
    for (const each of [token, person.accessToken]) {
      expectProblem(await portico.call("GET", pathOf(id), { token: each }), 403, "forbidden");
    }
    expectProblem(await portico.callAsRoot("GET", pathOf(id, "nobody")), 404, "not_found");
  });
});
