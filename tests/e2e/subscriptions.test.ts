import { inParallel, Portico, tally } from "../support/portico.ts";

let portico: Portico;
beforeAll(async () => {
  portico = await Portico.start();
});
afterAll(async () => {
  await portico.close();
});

test("of fifty creations at the same moment for one user exactly one is made, and the others are told why", async () => {
  const { token } = await portico.partnerWithToken();
  const json = { externalUserId: "u1", userEmail: "u1@example.com", duration: "P1M" };
  const answers = await inParallel(50, () => portico.call("POST", "/v1/subscriptions", { token, json }));
  expect(tally(answers.map(({ status, body }) => `${status} ${body.code ?? ""}`))).toEqual({ "201 ": 1, "409 subscription_exists": 49 });
});

test("fifty extensions at the same moment all count", async () => {
  const { token } = await portico.partnerWithToken();
  const json = { externalUserId: "u1", userEmail: "u1@example.com", duration: "P1D" };
  const created = await portico.call("POST", "/v1/subscriptions", { token, json });
  const answers = await inParallel(50, () => portico.call("PUT", "/v1/subscriptions/u1", { token, json: { duration: "P1D" } }));
  expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 50 });
  const { body } = await portico.call("GET", "/v1/subscriptions/u1", { token });
  expect(Date.parse(body.expiresAt) - Date.parse(created.body.expiresAt)).toBe(50 * 86_400_000);
});
