import fc from "fast-check";
import type { AccountFields } from "../../../shared/companies/contract.ts";
import { maxAccounts, type StoredCompany } from "../../../shared/companies/model.ts";
import {
  accountOf,
  addAccount,
  changeAccount,
  changeCompany,
  createCompany,
  removeAccount,
} from "../../../shared/companies/rules.ts";
import { orThrow, Problem } from "../../../shared/domain/problems.ts";

const now = new Date("2026-11-20T12:00:00.000Z");
const later = new Date("2026-11-21T12:00:00.000Z");

const account = (fields: Partial<AccountFields> = {}): AccountFields => ({
  agency: "0001",
  accountNumber: "12345X",
  bankCode: "341",
  ...fields,
});
const numbered = (count: number) => Array.from({ length: count }, (_, index) => account({ accountNumber: `${index}` }));
const created = (bankAccounts: AccountFields[] = [], at = now): StoredCompany =>
  orThrow(createCompany({ name: "Padaria Aurora", phone: "551130001234", declaredBilling: "5.00", bankAccounts }, at));
const refusal = (decision: unknown) => (decision instanceof Problem ? decision.code : undefined);
const pointers = (decision: unknown) =>
  decision instanceof Problem ? decision.extras.errors?.map(({ pointer }) => pointer) : undefined;

describe("createCompany", () => {
  test("creates a company in its first revision with generated ids and times", () => {
    const company = created([account()]);
    expect(company).toEqual({
      id: expect.stringMatching(/^cmp_/),
      name: "Padaria Aurora",
      phone: "551130001234",
      declaredBilling: "5.00",
      bankAccounts: [
        {
          ...account(),
          id: expect.stringMatching(/^acc_/),
          createdAt: now.toISOString(),
          updatedAt: now.toISOString(),
          revision: 1,
        },
      ],
      createdAt: now.toISOString(),
      updatedAt: now.toISOString(),
      revision: 1,
    });
  });

  test("keeps the accounts in the order of the request, which is the order of their ids", () => {
    const { bankAccounts } = created(numbered(maxAccounts));
    expect(bankAccounts.map(({ accountNumber }) => accountNumber)).toEqual(
      numbered(maxAccounts).map(({ accountNumber }) => accountNumber),
    );
    const ids = bankAccounts.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort());
  });

  test("names every account of an unknown bank before it looks for duplicates", () => {
    const sent = [account(), account({ bankCode: "000" }), account(), account({ bankCode: "1" })];
    const decision = createCompany({ name: "a", phone: "1", declaredBilling: "0.00", bankAccounts: sent }, now);
    expect(refusal(decision)).toBe("bank_unknown");
    expect(pointers(decision)).toEqual(["/bankAccounts/1/bankCode", "/bankAccounts/3/bankCode"]);
  });

  test("names every duplicate account", () => {
    const sent = [account(), account({ agency: "2" }), account(), account()];
    const decision = createCompany({ name: "a", phone: "1", declaredBilling: "0.00", bankAccounts: sent }, now);
    expect(refusal(decision)).toBe("bank_account_exists");
    expect(pointers(decision)).toEqual(["/bankAccounts/2", "/bankAccounts/3"]);
  });
});

describe("changeCompany", () => {
  test("changes the given fields and raises the revision", () => {
    const before = created([account()]);
    expect(changeCompany(before, { phone: "1" }, later)).toEqual({
      ...before,
      phone: "1",
      updatedAt: later.toISOString(),
      revision: 2,
    });
  });

  test.each([{}, { name: undefined }, { name: "Padaria Aurora", declaredBilling: "5.00" }])(
    "%j is a no-op",
    (patch) => {
      const before = created();
      expect(changeCompany(before, patch, later)).toBe(before);
    },
  );
});

describe("accounts", () => {
  test("accounts that differ in agency, number or bank are different accounts", () => {
    const company = created([account()]);
    for (const fields of [{ agency: "1" }, { accountNumber: "12345x" }, { bankCode: "001" }]) {
      expect(refusal(addAccount(company, account(fields), now))).toBeUndefined();
    }
    expect(refusal(addAccount(company, account(), now))).toBe("bank_account_exists");
  });

  test("accepts the fiftieth account and refuses the next; a duplicate is refused as a duplicate even at the limit", () => {
    const { company } = orThrow(addAccount(created(numbered(49)), account({ accountNumber: "49" }), later));
    expect(company.bankAccounts).toHaveLength(maxAccounts);
    expect(refusal(addAccount(company, account({ accountNumber: "50" }), later))).toBe("limit_reached");
    expect(refusal(addAccount(company, account({ accountNumber: "49" }), later))).toBe("bank_account_exists");
  });

  test("a change raises the revisions of the account and its company and frees the previous values", () => {
    const before = created(numbered(2));
    const [first, second] = before.bankAccounts;
    const { company, account: moved } = orThrow(changeAccount(before, first!, { accountNumber: "7" }, later));
    expect(moved).toEqual({ ...first, accountNumber: "7", updatedAt: later.toISOString(), revision: 2 });
    expect(company).toEqual({
      ...before,
      bankAccounts: [moved, second],
      updatedAt: later.toISOString(),
      revision: 2,
    });
    expect(refusal(addAccount(company, account({ accountNumber: "0" }), later))).toBeUndefined();
  });

  test("a change to the current values is a no-op; a change to the values of a different account is refused", () => {
    const before = created(numbered(2));
    const [first] = before.bankAccounts;
    expect(orThrow(changeAccount(before, first!, account({ accountNumber: "0" }), later)).company).toBe(before);
    expect(refusal(changeAccount(before, first!, { accountNumber: "1" }, later))).toBe("bank_account_exists");
    const unknown = changeAccount(before, first!, { bankCode: "1" }, later);
    expect([refusal(unknown), pointers(unknown)]).toEqual(["bank_unknown", ["/bankCode"]]);
  });

  test("does not find an account of a different company", () => {
    expect(refusal(accountOf(created([account()]), "acc_01JD3Y5W8Q4T6V2X9ZB7C1D3EF"))).toBe("not_found");
  });
});

test("any sequence of changes leaves no duplicate account and raises the revision of the company once per change", () => {
  const fields = fc.record({
    agency: fc.constantFrom("1", "2"),
    accountNumber: fc.stringMatching(/^[0-3]$/),
    bankCode: fc.constantFrom("001", "341", "000"),
  });
  type Step = (company: StoredCompany, at: Date) => StoredCompany | Problem;
  const companyOf = (decision: { readonly company: StoredCompany } | Problem) =>
    decision instanceof Problem ? decision : decision.company;
  const steps = fc.oneof(
    fields.map(
      (sent): Step =>
        (company, at) =>
          companyOf(addAccount(company, sent, at)),
    ),
    fc.tuple(fc.nat(), fields).map(([place, sent]): Step => (company, at) => {
      const chosen = company.bankAccounts[place % (company.bankAccounts.length || 1)];
      return chosen === undefined ? company : companyOf(changeAccount(company, chosen, sent, at));
    }),
    fc.nat().map((place): Step => (company, at) => {
      const chosen = company.bankAccounts[place % (company.bankAccounts.length || 1)];
      return chosen === undefined ? company : removeAccount(company, chosen, at);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(steps, fc.integer({ min: -5, max: 5 }))), (changes) => {
      let company = created();
      let at = now.getTime();
      for (const [step, passesMs] of changes) {
        at += passesMs;
        const next = step(company, new Date(at));
        if (next instanceof Problem || next === company) continue;
        expect(next.revision).toBe(company.revision + 1);
        const ids = next.bankAccounts.map(({ id }) => id);
        expect(ids).toEqual([...new Set(ids)].sort());
        const combinations = next.bankAccounts.map((one) => [one.agency, one.accountNumber, one.bankCode].join());
        expect(new Set(combinations).size).toBe(combinations.length);
        expect(combinations.filter((one) => one.endsWith("000"))).toEqual([]);
        company = next;
      }
    }),
  );
});
