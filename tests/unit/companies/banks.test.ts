import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pageAfter } from "../../../shared/http/pages.ts";
import { bankOf, banks, isBank } from "../../../shared/companies/banks.ts";

const csv = readFileSync(join(import.meta.dirname, "../../../shared/companies/banks.csv"), "utf8");

test("the directory is the one in banks.csv, 43 banks, none missing, changed or more", () => {
  const [header, ...lines] = csv.trimEnd().split("\n");
  expect(header).toBe("code,name");
  expect(lines).toHaveLength(43);
  expect(banks.map(({ code, name }) => `${code},${name}`)).toEqual(lines);
});

test("every bank has a code of three digits, and they are in the order of their codes, each there once", () => {
  const codes = banks.map(({ code }) => code);
  for (const code of codes) expect(code).toMatch(/^\d{3}$/);
  expect(codes).toEqual([...new Set(codes)].sort());
});

test("a bank is known by its exact code", () => {
  for (const bank of banks) expect([isBank(bank.code), bankOf(bank.code)]).toEqual([true, bank]);
  for (const code of ["", "1", "0001", " 001", "999", "constructor"]) expect(isBank(code)).toBe(false);
});

test("a bank that has left the directory goes by its code", () => {
  expect(bankOf("999")).toEqual({ code: "999", name: "999" });
});

test.each([1, 2, 20, 42, 43, 44, 100])("pages of %d lead through the whole directory, each bank once", (limit) => {
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
