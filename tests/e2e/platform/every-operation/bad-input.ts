/** Bodies that are not JSON, or not what an operation expects. */
import type { AnyOperation } from "../../../../shared/contract/operation.ts";
import { operations } from "../../../../shared/operations.ts";
import { exampleOf, shareOf, withMember, type BodyCalls } from "../../../support/bodies.ts";
import { pointersOf } from "../../../support/answer.ts";
import { requestSchema } from "../../../support/requests.ts";

/** JSON texts of unusual values. */
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

/** Values that the JSON parser rejects before the schema: NUL and lone surrogates. */
const refusedByParser = /\\u(d800|dc00|0000)/;

/** Texts that are not JSON. */
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

const unknownNames = [
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

/** Properties of an operation's body in JSON Schema. */
function bodySchema({ request }: AnyOperation): {
  readonly names: readonly string[];
  readonly required: readonly string[];
} {
  const { properties = {}, required = [] } = requestSchema(request.body);
  return { names: Object.keys(properties), required };
}

/** Registers the tests of one operation with a JSON body. */
export function testBadInput(operation: AnyOperation, { send, expectRefused }: BodyCalls): void {
  const { names, required } = bodySchema(operation);
  const { bodyOptional = false, body: schema } = operation.request;

  test("a body that is not JSON is body_malformed", async () => {
    await expectRefused(operation, shareOf(broken, operation), "400 body_malformed");
  });

  test("an empty body is malformed unless the body is optional", async () => {
    if (!bodyOptional) await expectRefused(operation, [""], "400 body_malformed");
    expect(schema?.safeParse({}).success ?? true).toBe(bodyOptional || operation.method === "PATCH");
  });

  test("accepts only an object", async () => {
    const others = ["null", "true", "0", '"text"', "[]", `[${JSON.stringify(exampleOf(operation))}]`];
    await expectRefused(operation, shareOf(others, operation, 3), "422 validation_failed", (answer) =>
      expect(pointersOf(answer)).toEqual([""]),
    );
  });

  test("names each unknown field", async () => {
    const escaped = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");
    const values = ["1", "null", "{}", '{"a":{"b":1}}'];
    for (const [index, name] of shareOf(unknownNames, operation).entries()) {
      const body = withMember(operation, name, values[index % values.length]!);
      await expectRefused(operation, [body], "422 validation_failed", (answer) =>
        expect(pointersOf(answer)).toEqual([`/${escaped(name)}`]),
      );
    }
  });

  test("names each missing field", async () => {
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

  test("the schema reports every odd value at its own field", () => {
    const decidedBySchema = oddValues.filter((value) => !refusedByParser.test(value));
    for (const name of names) {
      for (const value of decidedBySchema) {
        const issues = schema?.safeParse(JSON.parse(withMember(operation, name, value))).error?.issues ?? [];
        expect({ value, fields: issues.map(({ path }) => path[0]) }).toEqual({ value, fields: issues.map(() => name) });
      }
    }
  });

  test("names a field with a value of the wrong type", async () => {
    for (const [index, name] of names.entries()) {
      const bodies = oddValues
        .map((value) => withMember(operation, name, value))
        // Values that the schema accepts are not bad input.
        .filter((text) => refusedByParser.test(text) || schema?.safeParse(JSON.parse(text)).success !== true)
        .filter((_, place) => place % 5 === (index + operations.indexOf(operation)) % 5);
      expect(bodies.length).toBeGreaterThan(0);
      await expectRefused(operation, bodies, "422 validation_failed", (answer) => {
        for (const pointer of pointersOf(answer)) expect(pointer).toMatch(new RegExp(`^/${name}(/|$)`));
      });
    }
  });

  test("rejects a duplicate member at any depth", async () => {
    const twice: readonly (readonly [string, string])[] = [
      ['{"a":1,"a":1}', "/a"],
      ['{"a":1,"\\u0061":2}', "/a"],
      ['{"b":[{"c":1},{"c":1,"c":2}]}', "/b/1/c"],
      ['{"a":{"__proto__":1,"__proto__":2}}', "/a/__proto__"],
    ];
    for (const [body, pointer] of shareOf(twice, operation)) {
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

  test("rejects JSON that is nested too deeply", async () => {
    const bodies = [17, 100, 10_000].flatMap((depth) => [
      "[".repeat(depth) + "]".repeat(depth),
      '{"a":'.repeat(depth) + "1" + "}".repeat(depth),
      withMember(operation, "a", "[".repeat(depth) + "]".repeat(depth)),
    ]);
    await expectRefused(operation, shareOf(bodies, operation), "422 validation_failed");
  });

  test("rejects texts and names that are not valid Unicode", async () => {
    const bodies = [
      '{"\\ud800":1}',
      '{"a":{"b":["\\udfff"]}}',
      '{"a\\u0000":1}',
      '"\\ud83d"',
      '["\\u0000"]',
      '{"__proto__":{"name":"x"}}',
    ];
    await expectRefused(operation, shareOf(bodies, operation, 3), "422 validation_failed");
  });

  test("limits the number of reported errors", async () => {
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
    await expectRefused(operation, shareOf(bodies, operation), "422 validation_failed", (answer) => {
      expect(pointersOf(answer).length).toBeLessThanOrEqual(50);
      expect(answer.text.length).toBeLessThan(1_000_000);
    });
  });

  test("never repeats the rejected values", async () => {
    const secret = "correct horse battery";
    for (const name of names) {
      const text = withMember(operation, name, JSON.stringify({ [name]: `${secret}\u0007` }));
      expect((await send(operation, text)).text).not.toContain(secret);
    }
  });
}
