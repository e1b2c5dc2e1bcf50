import fc from "fast-check";
import { canonicalMoney } from "../../../shared/companies/money.ts";

/** The value of a text in whole cents, exact at any size. */
function centsOf(text: string): bigint {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(whole) * 100n + BigInt(fraction.padEnd(2, "0"));
}

const maxCents = 999_999_999_999n;
const amounts = fc.bigInt({ min: 0n, max: maxCents });
/** All spellings of an amount: `5`, `5.0` and `5.00`. */
const spellings = amounts.chain((cents) => {
  const full = `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`;
  const shorter = [full.replace(/0$/, ""), full.replace(/\.00$/, "")];
  return fc.constantFrom(...new Set([full, ...shorter]));
});

test.each([
  ["0", "0.00"],
  ["0.0", "0.00"],
  ["5", "5.00"],
  ["5.1", "5.10"],
  ["0.01", "0.01"],
  ["1234567890.12", "1234567890.12"],
  ["9999999999.99", "9999999999.99"],
])("the canonical form of %s is %s", (text, shown) => expect(canonicalMoney(text)).toBe(shown));

test.each([
  "",
  " ",
  "-1",
  "-0",
  "+1",
  " 1",
  "1 ",
  "1\n",
  "1.",
  ".5",
  "1.234",
  "0.001",
  "1,50",
  "1_000",
  "01",
  "00.5",
  "1e3",
  "0x10",
  "NaN",
  "Infinity",
  "10000000000",
  "10000000000.00",
  "9999999999.999",
  "١",
  "１",
  "1.2.3",
  "R$ 5",
])("%j is not an amount of money", (text) => expect(canonicalMoney(text)).toBeUndefined());

test("every amount up to 9999999999.99 keeps its value, in one form with two places", () => {
  fc.assert(
    fc.property(spellings, (text) => {
      const canonical = canonicalMoney(text);
      expect(canonical).toMatch(/^(0|[1-9]\d*)\.\d\d$/);
      expect(centsOf(canonical!)).toBe(centsOf(text));
      expect(canonicalMoney(canonical!)).toBe(canonical);
    }),
  );
});

test("two amounts have the same form exactly if they have the same value", () => {
  fc.assert(
    fc.property(spellings, spellings, (one, other) => {
      expect(canonicalMoney(one) === canonicalMoney(other)).toBe(centsOf(one) === centsOf(other));
    }),
  );
});

test("rejects amounts above the maximum and amounts with more than two places", () => {
  const tooLarge = fc.bigInt({ min: maxCents / 100n + 1n, max: 10n ** 30n }).map(String);
  const tooFine = fc
    .tuple(amounts, fc.stringMatching(/^\d{3,20}$/))
    .map(([whole, places]) => `${whole / 100n}.${places}`);
  fc.assert(fc.property(fc.oneof(tooLarge, tooFine), (text) => expect(canonicalMoney(text)).toBeUndefined()));
});
