import fc from "fast-check";
import { openCursor, sealCursor, type CursorBinding } from "../../../shared/http/cursors.ts";
import { anyText } from "../../support/any-text.ts";

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

test("a cursor decodes to the position that it was made from", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (place) => {
      expect(openCursor(sealCursor(place, binding, secret), binding, secret)).toBe(place);
    }),
  );
});

test("a cursor is URL-safe and does not reveal its position", () => {
  const cursor = sealCursor("customer-4711", binding, secret);
  expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(Buffer.from(cursor, "base64url").includes("customer")).toBe(false);
  expect(sealCursor("customer-4711", binding, secret)).not.toBe(cursor);
});

test("order and undefined values of filters make no difference", () => {
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
])("rejects a cursor for another %s", (_what, other) => {
  expect(refused(sealCursor("p", binding, secret), other)).toBe("cursor_invalid");
});

test("rejects a cursor of another secret", () => {
  expect(refused(sealCursor("p", binding, secret), binding, "another secret")).toBe("cursor_invalid");
});

test("rejects a cursor with any bit changed", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.integer({ min: 0, max: 7 }), (place, at, bit) => {
      const bytes = Buffer.from(sealCursor(place, binding, secret), "base64url");
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
      expect(refused(bytes.toString("base64url"))).toBe("cursor_invalid");
    }),
  );
});

test("rejects a shortened, extended or differently encoded cursor", () => {
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

test("rejects text that is not a cursor", () => {
  fc.assert(fc.property(anyText({ maxLength: 200 }), (text) => expect(refused(text)).toBe("cursor_invalid")));
});
