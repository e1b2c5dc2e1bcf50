import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();

test("the health check returns the state and the running version", async () => {
  const { status, body } = await portico.call("GET", "/health");
  expect(status).toBe(200);
  expect(body).toEqual({ status: "ok", version: expect.stringMatching(/\d/), checks: { table: "ok" } });
});
