import fc from "fast-check";
import * as z from "zod";
import { codePoints, email, id, instant, pageQuery, parseInstant, text } from "../../../shared/contract/schemas.ts";
import { isUlid, newId } from "../../../shared/domain/ids.ts";

const takes = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;

describe("an instant", () => {
  test.each([
    ["2026-11-20T12:00:00Z", "2026-11-20T12:00:00.000Z"],
    ["2026-11-20t12:00:00z", "2026-11-20T12:00:00.000Z"],
    ["2026-11-20T12:00:00.1Z", "2026-11-20T12:00:00.100Z"],
    ["2026-11-20T12:00:00.123999999Z", "2026-11-20T12:00:00.123Z"],
    ["2026-11-20T14:00:00+02:00", "2026-11-20T12:00:00.000Z"],
    ["2026-11-20T06:30:00-05:30", "2026-11-20T12:00:00.000Z"],
    ["2026-11-20T12:00:00-00:00", "2026-11-20T12:00:00.000Z"],
    ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"],
    ["1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ])("%s is %s", (sent, shown) => {
    expect(parseInstant(sent)?.toISOString()).toBe(shown);
    expect(instant.parse(sent)).toEqual(new Date(shown));
  });

  test.each([
    ...[
      "",
      "now",
      "2026-11-20",
      "2026-11-20T12:00Z",
      "2026-11-20T12:00:00",
      "2026-11-20 12:00:00Z",
      "20261120T120000Z",
    ],
    ...[
      "2026-02-29T00:00:00Z",
      "2026-04-31T00:00:00Z",
      "2100-02-29T00:00:00Z",
      "2026-00-01T00:00:00Z",
      "2026-13-01T00:00:00Z",
    ],
    ...[
      "2026-11-00T00:00:00Z",
      "2026-11-20T24:00:00Z",
      "2026-11-20T12:60:00Z",
      "2026-11-20T12:00:60Z",
      "2026-11-20T12:00:00+24:00",
    ],
    ...["2026-11-20T12:00:00+01:60", "2026-11-20T12:00:00+0100", "2026-11-20T12:00:00.Z", "2026-11-20T12:00:00,5Z"],
    ...[
      "1969-12-31T23:59:59Z",
      "1970-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59-00:01",
      "12026-11-20T12:00:00Z",
      "-2026-11-20T12:00:00Z",
    ],
    ...[" 2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z\n", "２０２６-11-20T12:00:00Z"],
  ])("%j is invalid", (sent) => {
    expect(parseInstant(sent)).toBeUndefined();
    expect(takes(instant, sent)).toBe(false);
  });

  test("in the API's format is parsed to the same time", () => {
    const moments = fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });
    fc.assert(fc.property(moments, (moment) => expect(parseInstant(moment.toISOString())).toEqual(moment)));
  });

  test.each([null, 0, 1_700_000_000_000, new Date(0), [], {}, undefined])("%p is invalid", (value) => {
    expect(takes(instant, value)).toBe(false);
  });
});

describe("an id", () => {
  test("is valid with its own prefix only", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date("9999-01-01T00:00:00Z"), noInvalidDate: true }), (now) => {
        const made = newId("ptr_", now);
        expect(takes(id("ptr_"), made)).toBe(true);
        expect(takes(id("sub_"), made)).toBe(false);
      }),
    );
  });

  test("sorts by its creation time", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.integer({ min: 1, max: 2 ** 20 }), (at, later) => {
        expect(newId("ptr_", new Date(at)) < newId("ptr_", new Date(at + later))).toBe(true);
      }),
    );
  });

  test("is unique, even within a millisecond", () => {
    const now = new Date(0);
    expect(new Set(Array.from({ length: 1000 }, () => newId("ptr_", now))).size).toBe(1000);
  });

  test.each([
    "",
    "01JD3Y5W8Q4T6V2X9ZB7C1D3E",
    "01JD3Y5W8Q4T6V2X9ZB7C1D3EFG",
    "01jd3y5w8q4t6v2x9zb7c1d3ef",
    "01JD3Y5W8Q4T6V2X9ZB7C1D3EU",
    "01JD3Y5W8Q4T6V2X9ZB7C1D3E\n",
  ])("%j is not a ULID", (value) => expect(isUlid(value)).toBe(false));
});

describe("a text", () => {
  test("has a length in code points", () => {
    expect(codePoints("a😀ä")).toBe(3);
    expect(takes(text(1, 3), "😀😀😀")).toBe(true);
    expect(takes(text(1, 3), "😀😀😀😀")).toBe(false);
    expect(takes(text(2, 3), "😀")).toBe(false);
  });

  test.each(["", " ", "\u00a0", "\u3000", "a\nb", "a\tb", "\u0000", "\u007f", "\u0085", "Ada\u202e", "a\u200bb"])(
    "%j is not a single line of text",
    (value) => {
      expect(takes(text(1, 100), value)).toBe(false);
    },
  );

  test.each(["a", " a ", "Zoë & Søns", "日本", "0"])("%j is valid", (value) => {
    expect(text(1, 100).parse(value)).toBe(value);
  });
});

describe("an e-mail address", () => {
  test.each([
    "a@b.example",
    "a@h-i.example.com",
    `a@${"b".repeat(63)}.example`,
    "A.b+c_d-e@sub.example.com",
    `${"a".repeat(64)}@example.com`,
  ])("%s is valid", (value) => {
    expect(takes(email, value)).toBe(true);
  });

  test.each([
    "",
    "a",
    "a@",
    "@b.example",
    "a b@c.example",
    "a@b",
    "a@b..example",
    "a@@b.example",
    "a@b.example\n",
    "a@h-.example.com",
    "a@example-.com",
    `a@${"b".repeat(64)}.example`,
    " a@b.example",
    `${"a".repeat(65)}@b.example`,
    `a@${"b.".repeat(125)}example`,
    null,
    1,
  ])("%j is invalid", (value) => expect(takes(email, value)).toBe(false));

  test("has a local part without an empty piece between dots and without an apostrophe at its end", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", ".", "'"), maxLength: 6 }), (local) => {
        const isValid = !local.split(".").includes("") && !local.endsWith("'");
        expect(takes(email, `${local}@b.example`)).toBe(isValid);
      }),
    );
  });
});

describe("the page of a list", () => {
  const schema = z.strictObject(pageQuery);

  test("has twenty items by default", () => {
    expect(schema.parse({})).toEqual({ limit: 20 });
  });

  test("has the requested 1 to 100 items", () => {
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 1200 }), (limit) => {
        expect(schema.safeParse({ limit: String(limit) }).data?.limit).toBe(
          limit >= 1 && limit <= 100 ? limit : undefined,
        );
      }),
    );
  });

  test.each(["", "01", "1.0", "1e1", "+1", " 1", "1 ", "0x1", "١", "NaN", "1\n"])("rejects limit=%j", (limit) => {
    expect(takes(schema, { limit })).toBe(false);
  });
});
