import fc from "fast-check";
import { badText, parseJson, pointerTo } from "../../../shared/http/json.ts";
import { Problem } from "../../../shared/domain/problems.ts";
import { anyText } from "../../support/any-text.ts";

function refusalOf(text: string): Problem {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error(`accepted: ${text.slice(0, 100)}`);
}

const pointersOf = (text: string) => (refusalOf(text).extras.errors ?? []).map(({ pointer }) => pointer);

describe("JSON", () => {
  test("that is valid is parsed unchanged", () => {
    const honest = fc
      .jsonValue({ maxDepth: 8, stringUnit: "grapheme" })
      .filter((value) => !JSON.stringify(value).includes("\\u0000") && !JSON.stringify(value).includes('"__proto__"'));
    fc.assert(
      fc.property(honest, fc.constantFrom(undefined, 1, "\t"), (value, space) => {
        expect(parseJson(JSON.stringify(value, undefined, space))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("that is invalid is malformed", () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        fc.pre(!isJson);
        expect(refusalOf(text).code).toBe("body_malformed");
      }),
    );
  });

  test.each([
    ['{"a":1,"a":1}', ["/a"]],
    ['{"a":1,"b":2,"a":3,"b":4}', ["/a", "/b"]],
    ['{"a":1,"\\u0061":1}', ["/a"]],
    ['{"":1,"":2}', ["/"]],
    ['[{"a":1},{"a":1,"a":2}]', ["/1/a"]],
    ['{"a":{"b":[0,[1,{"c":1,"c":2}]]}}', ["/a/b/1/1/c"]],
    ['{"a/b~c":1,"a/b~c":2}', ["/a~1b~0c"]],
    ['{"a":"{\\"b\\":1,\\"b\\":2}","c":1,"c":1}', ["/c"]],
    ['{"a":["\\\\","a"],"a":1}', ["/a"]],
    ['{"a":{"a":1},"b":{"a":1}, "b":0}', ["/b"]],
  ])("%s has a duplicate member", (text, pointers) => {
    expect(pointersOf(text)).toEqual(pointers);
  });

  test("can repeat a name in different objects or as a value", () => {
    const text = '{"a":{"a":"a"},"b":["a","a",{"a":1},{"a":1}],"c":"a\\",\\"c"}';
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test("with a duplicate member at any depth is rejected", () => {
    const objects = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,3}$/),
      fc.jsonValue({ maxDepth: 1, stringUnit: "grapheme-ascii" }),
      { minKeys: 1 },
    );
    fc.assert(
      fc.property(objects, fc.nat(), (object, at) => {
        const names = Object.keys(object);
        const name = names[at % names.length] ?? "";
        const text = `${JSON.stringify(object).slice(0, -1)},${JSON.stringify(name)}:null}`;
        expect(pointersOf(`[{"x":${text}}]`)).toContain(`/0/x/${name}`);
      }),
    );
  });

  test("can be nested up to sixteen levels", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(parseJson(nested(16))).toEqual(JSON.parse(nested(16)));
    expect(pointersOf(nested(17))).toEqual(["/0".repeat(16)]);
    expect(pointersOf(nested(30_000))).toHaveLength(1);
    expect(pointersOf('{"a":'.repeat(17) + "1" + "}".repeat(17))).toEqual(["/a".repeat(16)]);
  });

  test.each([
    ['"\\ud800"', [""]],
    ['{"a":"\\udc00"}', ["/a"]],
    ['{"a":["x","\\ud83dx"]}', ["/a/1"]],
    ['{"a":"\\u0000"}', ["/a"]],
    ['{"a\\u0000":1}', ["/a\u0000"]],
    ['{"\\ud800":1}', ["/\ufffd"]],
    ['{"__proto__":1}', ["/__proto__"]],
    ['{"a":{"__proto__":{"b":1}}}', ["/a/__proto__"]],
  ])("%s has text that cannot be stored", (text, pointers) => {
    const { code } = refusalOf(text);
    expect(code).toBe("validation_failed");
    expect(pointersOf(text)).toEqual(pointers);
  });

  test("can contain surrogate pairs and names of built-in functions", () => {
    const text = '{"a":"\\ud83d\\ude00","constructor":1,"prototype":2,"toString":3}';
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test("never changes object prototypes", () => {
    expect(() => parseJson('{"__proto__":{"polluted":true}}')).toThrow(Problem);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("with many errors reports ten of them", () => {
    expect(pointersOf(`{${Array(5000).fill('"a":1').join(",")}}`)).toHaveLength(10);
    expect(pointersOf(`[${Array(5000).fill('"\\u0000"').join(",")}]`)).toHaveLength(10);
  });
});

test("a JSON Pointer escapes its segments", () => {
  expect(pointerTo([])).toBe("");
  expect(pointerTo(["a", 0, ""])).toBe("/a/0/");
  expect(pointerTo(["a/b", "c~d", "~1"])).toBe("/a~1b/c~0d/~01");
});

test("text can be stored if it is well-formed and contains no NUL", () => {
  expect(["", "a", "ä", "😀", "\u0001", "\uffff"].map(badText)).toEqual(Array(6).fill(undefined));
  expect(["\ud800", "a\udfff", "\u0000", "a\u0000b"].filter((text) => badText(text) === undefined)).toEqual([]);
});
