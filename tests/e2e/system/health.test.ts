import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();

test("the health check says that all is well, and which version runs", async () => {
  const { status, body } = await portico.call("GET", "/health");
  expect(status).toBe(200);
  expect(body).toEqual({ status: "ok", version: expect.stringMatching(/\d/), checks: { table: "ok" } });
});
