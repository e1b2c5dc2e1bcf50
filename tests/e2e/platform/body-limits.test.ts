/** Sizes of bodies and forms. The limits of each operation are in `every-operation`. */
import { operations } from "../../../shared/operations.ts";
import { bodyCalls, json } from "../../support/bodies.ts";
import { verdict } from "../../support/answer.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.forSuite();
const { callers } = bodyCalls(portico);

describe("the size of a body", () => {
  test("a valid body of exactly 65,536 bytes succeeds", async () => {
    const text = JSON.stringify({ externalUserId: "large", userEmail: "large@example.com", duration: "P1M" });
    const answer = await portico.call("POST", "/v1/subscriptions", {
      token: callers().partner.token,
      raw: text + "\n".repeat(65_536 - text.length),
      headers: json,
    });
    expect(answer.status).toBe(201);
  });

  test("a body over the gateway's own limit is body_too_large", async () => {
    const { token } = callers().partner;
    const answer = await portico.call("POST", "/v1/subscriptions", {
      token,
      raw: "x".repeat(11_000_000),
      headers: json,
    });
    expect(verdict(answer)).toBe("413 body_too_large");
  });
});

describe("the number of parameters of a form", () => {
  const forms = operations.filter(({ request }) => request.bodyType === "form");

  test.each(forms.map((operation) => [operation.id, operation] as const))(
    "%s rejects more than 32",
    async (_id, op) => {
      for (const count of [33, 6000]) {
        const raw = Array.from({ length: count }, (_, index) => `p${index}=v`).join("&");
        const headers = { "content-type": "application/x-www-form-urlencoded" };
        const { status, body } = await portico.call(op.method, op.path, { raw, headers });
        expect({ status, body }).toEqual({
          status: 400,
          body: { error: "invalid_request", error_description: "has more than 32 parameters" },
        });
      }
    },
  );
});
