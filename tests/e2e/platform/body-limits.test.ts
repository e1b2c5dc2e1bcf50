/** Size and media type of bodies, and random requests. */
import fc from "fast-check";
import { operations } from "../../../shared/operations.ts";
import {
  bodyCalls,
  each,
  eachWithJson,
  json,
  shareOf,
  testThatNothingWasAFault,
  withMember,
} from "../../support/bodies.ts";
import { pointersOf, verdict } from "../../support/answer.ts";
import { expectConforming } from "../../support/conformance.ts";
import { Portico } from "../../support/portico.ts";
import { pathOf, rightfulToken } from "../../support/requests.ts";
import { contentsOf } from "../../support/table.ts";

const portico = Portico.alone();
const { callers, expectRefused, send } = bodyCalls(portico);

describe("the size of a body", () => {
  /** A body of this size that is rejected only for its unknown member. */
  const ofSize = (bytes: number, filler = " ") => {
    const frame = '{"surprise":""}';
    return filler === " "
      ? frame + " ".repeat(bytes - frame.length)
      : frame.replace('""', `"${filler.repeat((bytes - frame.length) / Buffer.byteLength(filler))}"`);
  };

  test.each(each)("%s rejects a body over 64 KiB", async (_title, operation) => {
    const { errorFormat, request } = operation;
    if (operation.method === "GET") {
      expect(request.body).toBeUndefined();
      return;
    }
    const before = await contentsOf(portico.host);
    const type = request.bodyType === "form" ? { "content-type": "application/x-www-form-urlencoded" } : json;
    for (const body of [ofSize(65_537), ofSize(65_539, "\u20ac"), "x".repeat(1_000_000)]) {
      const answer = await send(operation, body, type);
      expect(answer.status).toBe(413);
      if (errorFormat !== "oauth") expect(answer.body.code).toBe("body_too_large");
    }
    expect(await contentsOf(portico.host)).toEqual(before);
  });

  test.each(eachWithJson)("%s accepts a body of exactly 65,536 bytes", async (_title, operation) => {
    const bodies = [ofSize(65_536), ofSize(65_536 - ((65_536 - 15) % 3), "\u20ac")];
    await expectRefused(operation, bodies, "422 validation_failed", (answer) =>
      expect(pointersOf(answer)).toContain("/surprise"),
    );
  });

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

describe("the type of a body", () => {
  const unsupported = [
    ...[
      "text/plain",
      "text/json",
      "application/xml",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
    ],
    ...[
      "application/jsonp",
      "application/json-patch+json",
      "application/problem+json",
      "application/*",
      "*/*",
      "json",
      ";",
      ",",
    ],
    ...[
      "application/json; charset=latin1",
      "application/json; charset=iso-8859-1",
      'application/json; charset="utf-16"',
    ],
    ...["application/json; charset=", "application/json, text/plain"],
  ];

  test.each(eachWithJson)("%s accepts only JSON in UTF-8", async (_title, operation) => {
    const before = await contentsOf(portico.host);
    const body = withMember(operation, "surprise", "1");
    for (const type of shareOf(unsupported, operation)) {
      expect(`${verdict(await send(operation, body, { "content-type": type }))} for ${type}`).toBe(
        `415 media_type_unsupported for ${type}`,
      );
    }
    expect(verdict(await send(operation, new TextEncoder().encode(body), {}))).toBe("415 media_type_unsupported");
    expect(await contentsOf(portico.host)).toEqual(before);
  });

  test.each(eachWithJson)("%s accepts the media type in any spelling", async (_title, operation) => {
    const types = [
      "application/json",
      "APPLICATION/JSON",
      "application/json; charset=UTF-8",
      'application/json;charset="utf-8"',
      "application/json ; charset=utf-8",
      "application/json; profile=x",
    ];
    for (const type of shareOf(types, operation, 3)) {
      const answer = await send(operation, withMember(operation, "surprise", "1"), { "content-type": type });
      expect(pointersOf(answer)).toEqual(["/surprise"]);
    }
  });

  test.each(eachWithJson)("%s accepts the media type of merge patches only for PATCH", async (_title, operation) => {
    const type = "application/merge-patch+json";
    const answer = await send(operation, withMember(operation, "surprise", "1"), { "content-type": type });
    expect(answer.status).toBe(operation.method === "PATCH" ? 422 : 415);
  });
});

test("random requests get a declared response and never a 5xx", async () => {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
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
  const text = fc.oneof(
    jsonText,
    fc.string({ unit: "binary", maxLength: 200 }),
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
  const call = fc.record({ operation: fc.constantFrom(...operations), body: text, headers, query });

  await fc.assert(
    fc.asyncProperty(call, async ({ operation, body, headers: sent, query: parameters }) => {
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
      expect(answer.status).toBeLessThan(500);
      expectConforming(operation, answer, portico.url);
    }),
    { seed, numRuns: 200 },
  );
});

testThatNothingWasAFault(portico);
