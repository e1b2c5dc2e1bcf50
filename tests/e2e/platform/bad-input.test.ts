import fc from "fast-check";
import type { AnyOperation } from "../../../shared/contract/operation.ts";
import { operations } from "../../../shared/operations.ts";
import { expectConforming, pointersOf, verdict } from "../../support/conformance.ts";
import { Portico, type Answer } from "../../support/portico.ts";
import { makeCallers, pathOf, requestSchema, rightfulToken, type Callers } from "../../support/requests.ts";
import { contentsOf } from "../../support/table.ts";

let portico: Portico;
let callers: Callers;
beforeAll(async () => {
  portico = await Portico.start();
  callers = await makeCallers(portico);
  // Something to change, for whatever the declarations mean by their paths.
  const json = { externalUserId: "customer-4711", userEmail: "grace@example.com", duration: "P1M" };
  await portico.call("POST", "/v1/subscriptions", { token: callers.partner.token, json });
});
afterAll(async () => {
  await portico.close();
});

const withJson = operations.filter(({ request }) => request.body !== undefined && request.bodyType !== "form");
const eachWithJson = withJson.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);
const each = operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

const json = { "content-type": "application/json" };

/** Sends a body as it is to an operation, at a path with something behind it, by a caller that may. */
async function send(
  operation: AnyOperation,
  raw: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = json,
): Promise<Answer> {
  const token = rightfulToken(operation, callers);
  const path = pathOf(operation, { partnerId: callers.partner.id });
  const answer = await portico.call(operation.method, path, { ...(token !== undefined && { token }), raw, headers });
  expectConforming(operation, answer, portico.url);
  return answer;
}

/** Sends bodies one after the other, expects a verdict on each, and that nothing in the table has changed by them. */
async function expectRefused(
  operation: AnyOperation,
  bodies: readonly (string | Uint8Array<ArrayBuffer>)[],
  expected: string,
  check: (answer: Answer, body: string | Uint8Array) => void = () => undefined,
): Promise<void> {
  const before = await contentsOf(portico.host);
  for (const body of bodies) {
    const answer = await send(operation, body);
    expect(`${verdict(answer)} for ${String(body).slice(0, 200)}`).toBe(
      `${expected} for ${String(body).slice(0, 200)}`,
    );
    check(answer, body);
  }
  expect(await contentsOf(portico.host)).toEqual(before);
}

const exampleOf = ({ request }: AnyOperation) => (request.bodyExample ?? {}) as Record<string, unknown>;

/** The example with one more member, as text; `value` is JSON already. */
function withMember(operation: AnyOperation, name: string, value: string): string {
  const { [name]: _replaced, ...rest } = exampleOf(operation);
  const text = JSON.stringify(rest).slice(0, -1);
  return `${text}${text === "{" ? "" : ","}${JSON.stringify(name)}:${value}}`;
}

/** JSON texts of values that a field seldom takes. */
const oddValues = [
  ...[
    "null",
    "true",
    "[]",
    '["P1M"]',
    "{}",
    '{"a":1}',
    '""',
    '" "',
    "0",
    "-0",
    "-1",
    "1.5",
    "1e400",
    "-1e400",
    "9007199254740993",
  ],
  ...[
    '"\\ud800"',
    '"a\\udc00"',
    '"a\\u0000b"',
    '"\\u202e"',
    `"${"x".repeat(3000)}"`,
    '"__proto__"',
    '"[object Object]"',
  ],
];

describe("a body that is not JSON", () => {
  const broken = [
    ...[
      "{",
      "}",
      '{"',
      '{"a"',
      '{"a":',
      '{"a":1',
      '{"a":1,}',
      "{a:1}",
      "{'a':1}",
      '{"a":01}',
      '{"a":+1}',
      '{"a":.5}',
      '{"a":0x10}',
    ],
    ...[
      '{"a":NaN}',
      '{"a":Infinity}',
      '{"a":undefined}',
      '{"a":1}{"b":2}',
      '{"a":1} x',
      '{"a":"\u0001"}',
      '{"a":"\\x41"}',
      '{"a":"\\ud8"}',
    ],
    ...[
      '/* */{"a":1}',
      '{"a":1,,"b":2}',
      "[1,]",
      "nul",
      "a=1&b=2",
      "<a/>",
      "\u00a0{}",
      "\ufeff{}",
      " ",
      "\u0000",
      "{".repeat(10_000),
    ],
  ];
  test.each(eachWithJson)("is malformed for %s, and changes nothing", async (_title, operation) => {
    // One parser reads the bodies of all operations: each meets a quarter of what is broken, and all of it is met.
    const turn = operations.indexOf(operation) % 4;
    const own = broken.filter((_, index) => index % 4 === turn);
    await expectRefused(operation, own, "400 body_malformed");
  });

  test.each(eachWithJson)("an empty one is malformed for %s, unless it may be left out", async (_title, operation) => {
    if (operation.request.bodyOptional !== true) await expectRefused(operation, [""], "400 body_malformed");
    expect(operation.request.body?.safeParse({}).success ?? true).toBe(
      operation.request.bodyOptional === true || operation.method === "PATCH",
    );
  });
});

describe("a body that is JSON but not what is asked for", () => {
  test.each(eachWithJson)("%s takes an object and nothing else", async (_title, operation) => {
    const others = ["null", "true", "0", '"text"', "[]", `[${JSON.stringify(exampleOf(operation))}]`];
    await expectRefused(operation, others, "422 validation_failed", (answer) =>
      expect(pointersOf(answer)).toEqual([""]),
    );
  });

  test.each(eachWithJson)("%s names each field that it does not know", async (_title, operation) => {
    const names = [
      "surprise",
      "constructor",
      "prototype",
      "__proto__",
      "toString",
      "hasOwnProperty",
      "",
      "a/b~c",
      "Name",
      "id",
      "etag",
      "\u00e9",
    ];
    const escaped = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");
    const values = ["1", "null", "{}", '{"a":{"b":1}}'];
    for (const [index, name] of names.entries()) {
      const body = withMember(operation, name, values[index % values.length]!);
      await expectRefused(operation, [body], "422 validation_failed", (answer) =>
        expect(pointersOf(answer)).toEqual([`/${escaped(name)}`]),
      );
    }
  });

  test.each(eachWithJson)("%s names each field that is missing", async (_title, operation) => {
    const { required = [] } = requestSchema(operation.request.body) as { required?: string[] };
    for (const name of required) {
      const { [name]: _missing, ...rest } = exampleOf(operation);
      await expectRefused(operation, [JSON.stringify(rest)], "422 validation_failed", ({ body }) =>
        expect(body.errors).toEqual([{ pointer: `/${name}`, detail: "is required" }]),
      );
    }
    await expectRefused(operation, required.length > 0 ? ["{}"] : [], "422 validation_failed", (answer) =>
      expect(pointersOf(answer).sort()).toEqual([...required].sort().map((name) => `/${name}`)),
    );
  });

  test.each(eachWithJson)("%s names a field whose value is not of its kind", async (_title, operation) => {
    const { properties = {} } = requestSchema(operation.request.body) as { properties?: Record<string, unknown> };
    for (const name of Object.keys(properties)) {
      const bodies = oddValues
        .map((value) => withMember(operation, name, value))
        // What the schema takes is no bad input.
        .filter(
          (text) =>
            /\\u(d800|dc00|0000)/.test(text) || operation.request.body?.safeParse(JSON.parse(text)).success !== true,
        );
      expect(bodies.length).toBeGreaterThan(0);
      await expectRefused(operation, bodies, "422 validation_failed", (answer) => {
        for (const pointer of pointersOf(answer)) expect(pointer).toMatch(new RegExp(`^/${name}(/|$)`));
      });
    }
  });

  test.each(eachWithJson)("%s refuses a member that is there twice, wherever it is", async (_title, operation) => {
    const twice: readonly (readonly [string, string])[] = [
      ['{"a":1,"a":1}', "/a"],
      ['{"a":1,"\\u0061":2}', "/a"],
      ['{"b":[{"c":1},{"c":1,"c":2}]}', "/b/1/c"],
      ['{"a":{"__proto__":1,"__proto__":2}}', "/a/__proto__"],
    ];
    for (const [body, pointer] of twice) {
      await expectRefused(operation, [body], "422 validation_failed", (answer) =>
        expect(pointersOf(answer)).toContain(pointer),
      );
    }
    const [name = "a", value = "1"] = Object.entries(exampleOf(operation))[0] ?? [];
    const example = JSON.stringify(exampleOf(operation));
    const body = `${example === "{}" ? '{"a":1' : example.slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`;
    await expectRefused(operation, [body], "422 validation_failed", (answer) =>
      expect(pointersOf(answer)).toEqual([`/${name}`]),
    );
  });

  test.each(eachWithJson)("%s refuses what is nested too deep, without falling over", async (_title, operation) => {
    const bodies = [17, 100, 10_000].flatMap((depth) => [
      "[".repeat(depth) + "]".repeat(depth),
      '{"a":'.repeat(depth) + "1" + "}".repeat(depth),
      withMember(operation, "a", "[".repeat(depth) + "]".repeat(depth)),
    ]);
    await expectRefused(operation, bodies, "422 validation_failed");
  });

  test.each(eachWithJson)(
    "%s refuses texts that are no Unicode, and names that are none",
    async (_title, operation) => {
      const bodies = [
        '{"\\ud800":1}',
        '{"a":{"b":["\\udfff"]}}',
        '{"a\\u0000":1}',
        '"\\ud83d"',
        '["\\u0000"]',
        '{"__proto__":{"name":"x"}}',
      ];
      await expectRefused(operation, bodies, "422 validation_failed");
    },
  );

  test.each(eachWithJson)("%s answers a body full of errors with few of them", async (_title, operation) => {
    const name = "~".repeat(30_000);
    const bodies = [
      `{"${name}":{${Array(5000).fill('"a":1').join(",")}}}`,
      `{"${name}":[${Array(3000).fill('"\\u0000"').join(",")}]}`,
      `{${Array.from({ length: 6000 }, (_, index) => `"${index}":1`).join(",")}}`,
      `{${Array.from({ length: 5000 }, (_, index) => `"\\u0000${index}":1`)
        .join(",")
        .slice(0, 60_000)
        .replace(/,[^,]*$/, "")}}`,
    ];
    await expectRefused(operation, bodies, "422 validation_failed", (answer) => {
      expect(pointersOf(answer).length).toBeLessThanOrEqual(50);
      expect(answer.text.length).toBeLessThan(1_000_000);
    });
  });

  test("an answer never repeats what was sent", async () => {
    const secret = "correct horse battery";
    for (const operation of withJson) {
      const { properties = {} } = requestSchema(operation.request.body) as { properties?: Record<string, unknown> };
      for (const name of Object.keys(properties)) {
        const text = withMember(operation, name, JSON.stringify({ [name]: `${secret}\u0007` }));
        expect((await send(operation, text)).text).not.toContain(secret);
      }
    }
  });
});

describe("the size of a body", () => {
  /** A body of so many bytes that is refused for its one unknown member, once it is read. */
  const ofSize = (bytes: number, filler = " ") => {
    const frame = '{"surprise":""}';
    return filler === " "
      ? frame + " ".repeat(bytes - frame.length)
      : frame.replace('""', `"${filler.repeat((bytes - frame.length) / Buffer.byteLength(filler))}"`);
  };

  test.each(each)("%s takes no body over 64 KiB", async (_title, operation) => {
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

  test.each(eachWithJson)("exactly 65536 bytes are not too many for %s", async (_title, operation) => {
    const bodies = [ofSize(65_536), ofSize(65_536 - ((65_536 - 15) % 3), "\u20ac")];
    await expectRefused(operation, bodies, "422 validation_failed", (answer) =>
      expect(pointersOf(answer)).toContain("/surprise"),
    );
  });

  test("a good body of exactly 65536 bytes is a good body", async () => {
    const text = JSON.stringify({ externalUserId: "large", userEmail: "large@example.com", duration: "P1M" });
    const answer = await portico.call("POST", "/v1/subscriptions", {
      token: callers.partner.token,
      raw: text + "\n".repeat(65_536 - text.length),
      headers: json,
    });
    expect(answer.status).toBe(201);
  });

  test("more than the gateway itself takes is too large, too", async () => {
    const { token } = callers.partner;
    const answer = await portico.call("POST", "/v1/subscriptions", {
      token,
      raw: "x".repeat(11_000_000),
      headers: json,
    });
    expect(verdict(answer)).toBe("413 body_too_large");
  });
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
  test.each(eachWithJson)("%s takes JSON in UTF-8 only", async (_title, operation) => {
    const before = await contentsOf(portico.host);
    const body = withMember(operation, "surprise", "1");
    for (const type of unsupported) {
      expect(`${verdict(await send(operation, body, { "content-type": type }))} for ${type}`).toBe(
        `415 media_type_unsupported for ${type}`,
      );
    }
    expect(verdict(await send(operation, new TextEncoder().encode(body), {}))).toBe("415 media_type_unsupported");
    expect(await contentsOf(portico.host)).toEqual(before);
  });

  test.each(eachWithJson)("%s does not mind how the type is written", async (_title, operation) => {
    const types = [
      "application/json",
      "APPLICATION/JSON",
      "application/json; charset=UTF-8",
      'application/json;charset="utf-8"',
      "application/json ; charset=utf-8",
      "application/json; profile=x",
    ];
    for (const type of types) {
      const answer = await send(operation, withMember(operation, "surprise", "1"), { "content-type": type });
      expect(pointersOf(answer)).toEqual(["/surprise"]);
    }
  });

  test.each(eachWithJson)("%s takes a merge patch where it is one", async (_title, operation) => {
    const type = "application/merge-patch+json";
    const answer = await send(operation, withMember(operation, "surprise", "1"), { "content-type": type });
    expect(answer.status).toBe(operation.method === "PATCH" ? 422 : 415);
  });
});

test("whatever is sent, the answer is one that is declared, and never a fault of ours", async () => {
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
      const token = rightfulToken(operation, callers);
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

test("no bad input was taken for a fault", () => {
  expect(portico.logs.filter((line) => /"(internal_error|dependency_failed)"/.test(line))).toEqual([]);
});
