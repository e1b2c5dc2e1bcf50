import { maxParameters, parseForm } from "../../../shared/http/form.ts";
import { operations } from "../../../shared/operations.ts";

const formOf = (count: number) => Array.from({ length: count }, (_, index) => `p${index}=v`).join("&");
const maxBytes = 64 * 1024;

test("parses names and values, and ignores parameters without a value", () => {
  expect(parseForm("a=1&b=x%20y+z&c=&d")).toEqual({ a: "1", b: "x y z" });
  expect(parseForm("")).toEqual({});
});

test.each([
  ["a=1&a=2", "/a"],
  ["a=1&b=2&a=1", "/a"],
  ["a%2Fb=1&a/b=1", "/a~1b"],
  ["__proto__=1&__proto__=2", "/__proto__"],
])("rejects %s, which has a parameter twice", (text, pointer) => {
  expect(() => parseForm(text)).toThrow(
    expect.objectContaining({
      code: "validation_failed",
      extras: expect.objectContaining({ errors: [{ pointer, detail: "occurs more than once" }] }),
    }),
  );
});

test("accepts as many parameters as the maximum and no more, and names the maximum", () => {
  expect(Object.keys(parseForm(formOf(maxParameters)))).toHaveLength(maxParameters);
  expect(() => parseForm(formOf(maxParameters + 1))).toThrow(
    expect.objectContaining({
      code: "validation_failed",
      extras: expect.objectContaining({ errors: [{ pointer: "", detail: "has more than 32 parameters" }] }),
    }),
  );
});

test.each(["&", "a&", "a=1&", "%41=1&"])("of a full body of %j, nothing beyond the maximum is parsed", (part) => {
  const parser = globalThis.URLSearchParams;
  let parsed = 0;
  globalThis.URLSearchParams = class extends parser {
    constructor(text: string) {
      parsed++;
      super(text);
    }
  };
  try {
    const text = part.repeat(maxBytes / part.length);
    expect(() => parseForm(text)).toThrow(expect.objectContaining({ code: "validation_failed" }));
    expect(parsed).toBe(0);
    expect(parseForm("a=1")).toEqual({ a: "1" });
    expect(parsed).toBe(1);
  } finally {
    globalThis.URLSearchParams = parser;
  }
});

test("no operation declares as many parameters as the maximum", () => {
  const forms = operations.filter(({ request }) => request.bodyType === "form");
  expect(forms.length).toBeGreaterThan(0);
  for (const { request } of forms) {
    const { shape } = request.body as unknown as { readonly shape: object };
    expect(Object.keys(shape).length).toBeLessThan(maxParameters);
  }
});
