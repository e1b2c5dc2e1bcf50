import fc from "fast-check";
import { openCursor, sealCursor, type CursorBinding } from "../../../shared/http/cursors.ts";

const secret = "a secret of this test";
const binding: CursorBinding = {
  operationId: "subscriptions.list",
  principalId: "ptr_1",
  path: { externalUserId: "u1" },
  filters: { status: "active" },
};

const refused = (cursor: string, by: CursorBinding = binding, key = secret) => {
  try {
    openCursor(cursor, by, key);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return undefined;
};

test("a cursor names the place that it was made of, whatever that is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (place) => {
      expect(openCursor(sealCursor(place, binding, secret), binding, secret)).toBe(place);
    }),
  );
});

test("a cursor needs no escaping in a query and does not show its place", () => {
  const cursor = sealCursor("customer-4711", binding, secret);
  expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(Buffer.from(cursor, "base64url").includes("customer")).toBe(false);
  expect(sealCursor("customer-4711", binding, secret)).not.toBe(cursor);
});

test("filters in another order, or left undefined, are the same filters", () => {
  const one = { ...binding, filters: { status: "active", expiresBefore: "x" } };
  const other = { ...binding, filters: { expiresBefore: "x", limit: undefined, status: "active" } };
  expect(openCursor(sealCursor("p", one, secret), other, secret)).toBe("p");
});

test.each<[string, CursorBinding]>([
  ["caller", { ...binding, principalId: "ptr_2" }],
  ["operation", { ...binding, operationId: "subscriptions.history" }],
  ["path", { ...binding, path: { externalUserId: "u2" } }],
  ["path, of none", { ...binding, path: undefined }],
  ["filter", { ...binding, filters: { status: "expired" } }],
  ["filter, of none", { ...binding, filters: {} }],
  ["filter, of one more", { ...binding, filters: { status: "active", expiresBefore: "x" } }],
])("a cursor is refused for another %s", (_what, other) => {
  expect(refused(sealCursor("p", binding, secret), other)).toBe("cursor_invalid");
});

test("a cursor is refused under another secret", () => {
  expect(refused(sealCursor("p", binding, secret), binding, "another secret")).toBe("cursor_invalid");
});

test("a cursor of which any bit was changed is refused", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.integer({ min: 0, max: 7 }), (place, at, bit) => {
      const bytes = Buffer.from(sealCursor(place, binding, secret), "base64url");
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
      expect(refused(bytes.toString("base64url"))).toBe("cursor_invalid");
    }),
  );
});

test("a cursor that was cut, lengthened or spelled otherwise is refused", () => {
  const cursor = sealCursor("customer-4711", binding, secret);
  const bytes = Buffer.from(cursor, "base64url");
  const spellings = [
    `${cursor}=`,
    `${cursor}==`,
    `${cursor}A`,
    ` ${cursor}`,
    `${cursor}\n`,
    `${cursor}!`,
    bytes.toString("hex"),
  ];
  const cuts = Array.from({ length: cursor.length }, (_, length) => cursor.slice(0, length));
  for (const wrong of [...spellings, ...cuts]) expect(refused(wrong)).toBe("cursor_invalid");
});

test("whatever else is sent as a cursor is refused", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => expect(refused(text)).toBe("cursor_invalid")),
  );
});
