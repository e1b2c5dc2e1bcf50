import fc from "fast-check";
import { base32, otpauthUri, parseBase32, stepAt, stepsOfCode, totpCode } from "../../../shared/identity/totp.ts";

const secret = Buffer.from("12345678901234567890");

test.each([
  [59, "94287082"],
  [1_111_111_109, "07081804"],
  [1_111_111_111, "14050471"],
  [1_234_567_890, "89005924"],
  [2_000_000_000, "69279037"],
  [20_000_000_000, "65353130"],
])("RFC 6238, Appendix B: at %d seconds the code is %s", (seconds, code) => {
  expect(totpCode(secret, stepAt(new Date(seconds * 1000)), 8)).toBe(code);
});

test.each([
  ["", ""],
  ["f", "MY"],
  ["fo", "MZXQ"],
  ["foo", "MZXW6"],
  ["foob", "MZXW6YQ"],
  ["fooba", "MZXW6YTB"],
  ["foobar", "MZXW6YTBOI"],
])("RFC 4648, section 10: base32 of %j is %j", (text, encoded) => {
  expect(base32(Buffer.from(text))).toBe(encoded);
});

test("base32 is read in any case and with padding, and nothing else is", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = base32(bytes);
      for (const form of [text, text.toLowerCase(), `${text}=`]) expect(parseBase32(form)).toEqual(Buffer.from(bytes));
    }),
  );
  for (const text of ["1", "JBSW Y3DP", "JBSW-Y3DP", "Ä"]) expect(parseBase32(text)).toBeUndefined();
});

test("a code is accepted one step early and one step late, and no further", () => {
  fc.assert(
    fc.property(fc.nat({ max: 4_000_000_000 }), fc.integer({ min: -5, max: 5 }), (seconds, offset) => {
      const now = new Date(seconds * 1000);
      const step = stepAt(now) + offset;
      fc.pre(step >= 1);
      // Another step may have the same code by chance.
      const others = [-1, 0, 1].filter((near) => near !== offset && stepAt(now) + near >= 0);
      fc.pre(others.every((near) => totpCode(secret, stepAt(now) + near) !== totpCode(secret, step)));
      fc.pre(stepAt(now) >= 1);
      expect(stepsOfCode(secret, totpCode(secret, step), now)).toEqual(Math.abs(offset) <= 1 ? [step] : []);
    }),
  );
});

test.each(["", "1", "12345", "1234567", "abcdef", "１２３４５６"])("%j is no code", (code) => {
  expect(stepsOfCode(secret, code, new Date(59_000))).toEqual([]);
});

test("the URI names issuer, account and parameters", () => {
  const uri = new URL(otpauthUri(secret, { issuer: "Portico api.example.com", account: "ada&b" }));
  expect(uri.href).toContain("otpauth://totp/Portico%20api.example.com:ada%26b?");
  expect(Object.fromEntries(uri.searchParams)).toEqual({
    secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    issuer: "Portico api.example.com",
    algorithm: "SHA1",
    digits: "6",
    period: "30",
  });
});
