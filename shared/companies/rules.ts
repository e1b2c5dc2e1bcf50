/** Rules for companies and their bank accounts. Pure: no AWS, no HTTP, and the time is an argument. */
import { newId } from "../domain/ids.ts";
import { patched } from "../domain/merge-patch.ts";
import { notFound, Problem } from "../domain/problems.ts";
import { isBank } from "./banks.ts";
import type { AccountFields, AccountPatch, CompanyCreation, CompanyPatch } from "./contract.ts";
import { maxAccounts, type StoredAccount, type StoredCompany } from "./model.ts";

/** A company and one of its accounts, after a change of that account. */
export interface AccountChange {
  readonly company: StoredCompany;
  readonly account: StoredAccount;
}

/** A new company with its accounts in the order of the request. */
export function createCompany({ bankAccounts = [], ...fields }: CompanyCreation, now: Date): StoredCompany | Problem {
  const pointersWhere = (isWrong: (account: AccountFields, index: number) => boolean) =>
    bankAccounts.flatMap((account, index) => (isWrong(account, index) ? [`/bankAccounts/${index}`] : []));
  const unknown = pointersWhere(({ bankCode }) => !isBank(bankCode));
  if (unknown.length > 0) return bankUnknown(unknown.map((pointer) => `${pointer}/bankCode`));
  const duplicates = pointersWhere((account, index) =>
    bankAccounts.slice(0, index).some((other) => isSame(account, other)),
  );
  if (duplicates.length > 0) return accountExists(duplicates);
  // ULIDs of the same millisecond are in no order.
  const ids = bankAccounts.map(() => newId("acc_", now)).sort();
  return {
    id: newId("cmp_", now),
    ...fields,
    bankAccounts: bankAccounts.map((account, index) => newAccount(ids[index] as string, account, now)),
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    revision: 1,
  };
}

/** The company with the given fields changed; the same object for a no-op. */
export function changeCompany(company: StoredCompany, patch: CompanyPatch, now: Date): StoredCompany {
  return patched(company, patch, now);
}

/** One of a company's accounts. */
export function accountOf({ bankAccounts }: StoredCompany, accountId: string): StoredAccount | Problem {
  return bankAccounts.find(({ id }) => id === accountId) ?? notFound();
}

/** The company with a new account. */
export function addAccount(company: StoredCompany, fields: AccountFields, now: Date): AccountChange | Problem {
  const account = newAccount(newId("acc_", now), fields, now);
  const refusal = refuseAccount(company, account);
  if (refusal !== undefined) return refusal;
  if (company.bankAccounts.length >= maxAccounts) {
    return new Problem("limit_reached", `A company has at most ${maxAccounts} bank accounts. Remove one first.`);
  }
  return { company: withAccounts(company, [...company.bankAccounts, account], now), account };
}

/** The company with the given fields of one account changed; the same object for a no-op. */
export function changeAccount(
  company: StoredCompany,
  before: StoredAccount,
  patch: AccountPatch,
  now: Date,
): AccountChange | Problem {
  const account = patched(before, patch, now);
  if (account === before) return { company, account };
  const refusal = refuseAccount(company, account);
  if (refusal !== undefined) return refusal;
  return { company: withAccounts(company, [...others(company, account), account], now), account };
}

/** The company without one of its accounts. */
export function removeAccount(company: StoredCompany, account: StoredAccount, now: Date): StoredCompany {
  return withAccounts(company, others(company, account), now);
}

function newAccount(id: string, { agency, accountNumber, bankCode }: AccountFields, now: Date): StoredAccount {
  const moment = now.toISOString();
  return { id, agency, accountNumber, bankCode, createdAt: moment, updatedAt: moment, revision: 1 };
}

/** The refusal of an account beside the others of the company; undefined if it is allowed. */
function refuseAccount(company: StoredCompany, account: StoredAccount): Problem | undefined {
  if (!isBank(account.bankCode)) return bankUnknown(["/bankCode"]);
  if (others(company, account).some((other) => isSame(other, account))) return accountExists([]);
  return undefined;
}

/** Whether two accounts have the same agency, number and bank, compared exactly. */
function isSame(one: AccountFields, other: AccountFields): boolean {
  return one.agency === other.agency && one.accountNumber === other.accountNumber && one.bankCode === other.bankCode;
}

function others({ bankAccounts }: StoredCompany, { id }: StoredAccount): readonly StoredAccount[] {
  return bankAccounts.filter((other) => other.id !== id);
}

function withAccounts(company: StoredCompany, accounts: readonly StoredAccount[], now: Date): StoredCompany {
  return patched(company, { bankAccounts: accounts.toSorted((a, b) => (a.id < b.id ? -1 : 1)) }, now);
}

function bankUnknown(pointers: readonly string[]): Problem {
  const detail = "is not in the directory of banks";
  return new Problem("bank_unknown", "The bank is not in the directory. Choose one of GET /v1/banks.", {
    errors: pointers.map((pointer) => ({ pointer, detail })),
  });
}

/** @param pointers to the duplicates among the accounts of one request */
function accountExists(pointers: readonly string[]): Problem {
  const errors = pointers.map((pointer) => ({ pointer, detail: "is a duplicate" }));
  return new Problem("bank_account_exists", "The company already has this bank account.", {
    ...(errors.length > 0 && { errors }),
  });
}
