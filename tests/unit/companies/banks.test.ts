import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bankOf, banks, isBank } from "../../../shared/companies/banks.ts";
import { pageAfter } from "../../../shared/http/pages.ts";

const csv = readFileSync(join(import.meta.dirname, "../../../shared/companies/banks.csv"), "utf8");

test("the directory equals banks.csv with its 43 banks", () => {
  const [header, ...lines] = csv.trimEnd().split("\n");
  expect(header).toBe("code,name");
  expect(lines).toHaveLength(43);
  expect(banks.map(({ code, name }) => `${code},${name}`)).toEqual(lines);
});

test("the banks have unique codes of three digits and are sorted by code", () => {
  const codes = banks.map(({ code }) => code);
  for (const code of codes) expect(code).toMatch(/^\d{3}$/);
  expect(codes).toEqual([...new Set(codes)].sort());
});

test("isBank and bankOf compare codes exactly", () => {
  for (const bank of banks) expect([isBank(bank.code), bankOf(bank.code)]).toEqual([true, bank]);
  for (const code of ["", "1", "0001", " 001", "999", "constructor"]) expect(isBank(code)).toBe(false);
});

test("bankOf names a bank that has left the directory by its code", () => {
  expect(bankOf("999")).toEqual({ code: "999", name: "999" });
});

test.each([1, 2, 20, 42, 43, 44, 100])("pages of %d list the whole directory, each bank once", (limit) => {
  const seen: unknown[] = [];
  let after: string | undefined;
  do {
    const { items, lastKey } = pageAfter(banks, ({ code }) => code, { limit, after });
    expect(items.length).toBeLessThanOrEqual(limit);
    expect(items.length).toBeGreaterThan(0);
    seen.push(...items);
    after = lastKey;
  } while (after !== undefined);
  expect(seen).toEqual(banks);
});
