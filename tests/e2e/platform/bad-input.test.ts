/** Bodies that are not JSON, or not what an operation expects. */
import { operations } from "../../../shared/operations.ts";
import {
  bodyCalls,
  eachWithJson,
  exampleOf,
  testThatNothingWasAFault,
  withJson,
  withMember,
} from "../../support/bodies.ts";
import { pointersOf } from "../../support/conformance.ts";
import { Portico } from "../../support/portico.ts";
import { requestSchema } from "../../support/requests.ts";

const portico = Portico.forSuite();
const { expectRefused, send } = bodyCalls(portico);

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

  test.each(eachWithJson)("is body_malformed for %s and changes nothing", async (_title, operation) => {
    // All operations share one parser, so each gets a quarter of the broken bodies.
    const turn = operations.indexOf(operation) % 4;
    const own = broken.filter((_, index) => index % 4 === turn);
    await expectRefused(operation, own, "400 body_malformed");
  });

  test.each(eachWithJson)(
    "an empty body is malformed for %s unless the body is optional",
    async (_title, operation) => {
      if (operation.request.bodyOptional !== true) await expectRefused(operation, [""], "400 body_malformed");
      expect(operation.request.body?.safeParse({}).success ?? true).toBe(
        operation.request.bodyOptional === true || operation.method === "PATCH",
      );
    },
  );
});

describe("a JSON body that does not match the schema", () => {
  test.each(eachWithJson)("%s accepts only an object", async (_title, operation) => {
    const others = ["null", "true", "0", '"text"', "[]", `[${JSON.stringify(exampleOf(operation))}]`];
    await expectRefused(operation, others, "422 validation_failed", (answer) =>
      expect(pointersOf(answer)).toEqual([""]),
    );
  });

  test.each(eachWithJson)("%s names each unknown field", async (_title, operation) => {
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

  test.each(eachWithJson)("%s names each missing field", async (_title, operation) => {
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

  test.each(eachWithJson)("%s names a field with a value of the wrong type", async (_title, operation) => {
    const { properties = {} } = requestSchema(operation.request.body) as { properties?: Record<string, unknown> };
    for (const name of Object.keys(properties)) {
      const bodies = oddValues
        .map((value) => withMember(operation, name, value))
        // Values that the schema accepts are not bad input.
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

  test.each(eachWithJson)("%s rejects a duplicate member at any depth", async (_title, operation) => {
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

  test.each(eachWithJson)("%s rejects JSON that is nested too deeply", async (_title, operation) => {
    const bodies = [17, 100, 10_000].flatMap((depth) => [
      "[".repeat(depth) + "]".repeat(depth),
      '{"a":'.repeat(depth) + "1" + "}".repeat(depth),
      withMember(operation, "a", "[".repeat(depth) + "]".repeat(depth)),
    ]);
    await expectRefused(operation, bodies, "422 validation_failed");
  });

  test.each(eachWithJson)("%s rejects texts and names that are not valid Unicode", async (_title, operation) => {
    const bodies = [
      '{"\\ud800":1}',
      '{"a":{"b":["\\udfff"]}}',
      '{"a\\u0000":1}',
      '"\\ud83d"',
      '["\\u0000"]',
      '{"__proto__":{"name":"x"}}',
    ];
    await expectRefused(operation, bodies, "422 validation_failed");
  });

  test.each(eachWithJson)("%s limits the number of reported errors", async (_title, operation) => {
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

  test("a response never repeats the rejected values", async () => {
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

testThatNothingWasAFault(portico);
