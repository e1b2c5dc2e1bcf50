import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();

test("the health check returns the state and the running version", async () => {
  const { status, body } = await portico.call("GET", "/health");
  expect(status).toBe(200);
  expect(body).toEqual({
    status: "ok",
    version: expect.stringMatching(/^\d+\.\d+\.\d+(\+[0-9a-f]{12}(\.modified)?)?$/),
    checks: { table: "ok" },
  });
});
