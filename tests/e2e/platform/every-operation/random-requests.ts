/** Random requests to an operation: whatever is sent, the answer is a declared one. */
import fc from "fast-check";
import type { AnyOperation } from "../../../../shared/contract/operation.ts";
import { anyText } from "../../../support/any-text.ts";
import type { BodyCalls } from "../../../support/bodies.ts";
import { pathOf, rightfulToken } from "../../../support/requests.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const requestsPerOperation = 3;

const names = [
  "externalUserId",
  "userEmail",
  "duration",
  "startsAt",
  "expiresAt",
  "name",
  "email",
  "status",
  "username",
  "password",
  "phone",
  "declaredBilling",
  "bankAccounts",
  "bankCode",
];
const jsonText = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc
    .dictionary(
      fc.constantFrom(...names),
      fc.oneof(fc.constantFrom("P1M", "2096-01-01T00:00:00Z", "a@b.example"), fc.jsonValue()),
    )
    .map((value) => JSON.stringify(value)),
);
const jsonOrJunk = fc.oneof(
  jsonText,
  anyText({ maxLength: 200 }),
  fc.tuple(jsonText, fc.nat(), fc.string({ maxLength: 3 })).map(([body, at, junk]) => {
    const place = at % (body.length + 1);
    return body.slice(0, place) + junk + body.slice(place);
  }),
);
const value = fc.string({
  unit: fc
    .integer({ min: 0x21, max: 0xff })
    .map((code) => String.fromCharCode(code))
    .filter((one) => one < "\u007f" || one > "\u009f"),
  maxLength: 300,
});
const headers = fc.record(
  {
    "content-type": fc.oneof(fc.constant("application/json"), value),
    "idempotency-key": value,
    "if-match": fc.oneof(fc.constantFrom('"1"', "*"), value),
    "x-correlation-id": value,
    accept: value,
    authorization: value,
    origin: value,
  },
  { requiredKeys: ["content-type"] },
);
const query = fc.dictionary(
  fc.constantFrom("limit", "cursor", "status", "expiresBefore", "surprise", "%"),
  fc.string({ maxLength: 40 }),
  { maxKeys: 3 },
);
const request = fc.record({ body: jsonOrJunk, headers, query });

/** Registers the test of one operation. `FUZZ_SEED` repeats a run. */
export function testRandomRequests(operation: AnyOperation, { portico, callers }: BodyCalls): void {
  test("random requests get a declared response and never a 5xx", async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ body, headers: sent, query: parameters }) => {
        const token = rightfulToken(operation, callers());
        const path = pathOf(operation, { partnerId: "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF" });
        const search = new URLSearchParams(
          Object.entries(parameters).map(([name, text]): [string, string] => [name, text.toWellFormed()]),
        ).toString();
        const answer = await portico.call(operation.method, search === "" ? path : `${path}?${search}`, {
          ...(token !== undefined && { token }),
          ...(operation.method !== "GET" && { raw: body.toWellFormed() }),
          headers: sent,
        });
        // Whether the answer is declared, `call` has asserted.
        expect(answer.status).toBeLessThan(500);
      }),
      { seed, numRuns: requestsPerOperation },
    );
  });
}
