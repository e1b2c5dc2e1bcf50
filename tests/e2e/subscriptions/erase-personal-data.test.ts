import { verdict } from "../../support/answer.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { subscriptionCalls, termOf } from "../../support/subscriptions.ts";

const portico = Portico.forSuite();
const { cancel, create, extend, history, read } = subscriptionCalls(portico);

const erase = (token: string, user = "u1") =>
  portico.call("DELETE", `/v1/subscriptions/${user}/personal-data`, { token });

describe("erasing an external user's personal data", () => {
  test("empties the e-mail address, keeps the sale and its history, and is a no-op the second time", async () => {
    const { token } = await portico.partnerWithToken();
    const created = await create(token);
    expect(await erase(token)).toMatchObject({ status: 204, text: "" });
    const { body } = await read(token);
    expect(body).toEqual({ ...created.body, userEmail: "", etag: '"2"', updatedAt: body.updatedAt });
    expect((await erase(token)).status).toBe(204);
    expect((await read(token)).body).toEqual(body);
    const entries = await history(token);
    expect(entries.map(({ type }) => type)).toEqual(["created", "personal_data_erased"]);
    expect(termOf(entries[1].to)).toEqual(termOf(created.body));
  });

  test("empties the address in every list, filtered or not", async () => {
    const { id, token } = await portico.partnerWithToken();
    await create(token);
    await erase(token);
    const lists = [
      await portico.call("GET", "/v1/subscriptions", { token }),
      await portico.call("GET", "/v1/subscriptions?status=active", { token }),
      await portico.callAsRoot("GET", `/v1/partners/${id}/subscriptions`),
    ];
    expect(lists.map(({ body }) => body.items.map((item: any) => item.userEmail))).toEqual([[""], [""], [""]]);
    expect(lists.map(({ text }) => text.includes("example.com"))).toEqual([false, false, false]);
  });

  test("reaches a cancelled subscription, and a new sale brings a new address", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    await cancel(token);
    expect((await erase(token)).status).toBe(204);
    expect((await read(token)).body).toMatchObject({ status: "cancelled", userEmail: "" });
    expect((await create(token, { userEmail: "new@example.com" })).status).toBe(201);
    expect((await read(token)).body).toMatchObject({ status: "active", userEmail: "new@example.com" });
  });

  test("fifty calls in parallel with fifty extensions: every extension counts, and the address stays empty", async () => {
    const { token } = await portico.partnerWithToken();
    const created = await create(token, { duration: "P1D" });
    const answers = await inParallel(100, (index) =>
      index % 2 === 0 ? erase(token) : extend(token, { duration: "P1D" }),
    );
    expect(tally(answers.map(verdict))).toEqual({ "200": 50, "204": 50 });
    const { body } = await read(token);
    expect(body.userEmail).toBe("");
    expect(Date.parse(body.expiresAt) - Date.parse(created.body.expiresAt)).toBe(50 * 86_400_000);
    expect(tally((await history(token)).map(({ type }) => type))).toEqual({
      created: 1,
      extended: 50,
      personal_data_erased: 1,
    });
  });

  test("finds neither an unknown user nor that of a different partner", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const other = await portico.partnerWithToken();
    expectProblem(await erase(token, "nobody"), 404, "not_found");
    expectProblem(await erase(other.token), 404, "not_found");
    expect((await read(token)).body.userEmail).toBe("u1@example.com");
  });

  test("needs the scope subscriptions:write", async () => {
    const partner = await portico.registerPartner();
    const token = await portico.partnerToken(partner, "subscriptions:read");
    expectProblem(await erase(token), 403, "insufficient_scope");
  });
});
