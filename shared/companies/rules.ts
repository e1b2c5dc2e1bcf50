/** What may become of a company and its bank accounts. Pure: no AWS, no HTTP, and the time is an argument. */
import { notFound, Problem } from "../domain/problems.ts";
import { newId } from "../domain/ids.ts";
import { patched } from "../domain/merge-patch.ts";
import { isBank } from "./banks.ts";
import type { AccountFields, AccountPatch, BankAccount, Company, CompanyCreation, CompanyPatch } from "./contract.ts";

/** An account as it is kept: the bank by its code alone. */
export type StoredAccount = Omit<BankAccount, "bank" | "etag"> & {
  readonly bankCode: string;
  readonly revision: number;
};

/**
 * A company as it is kept, with its accounts in the order of their ids, oldest first. `revision` counts every change of what
 * a read shows, those of the accounts included.
 */
export type StoredCompany = Omit<Company, "bankAccounts" | "etag"> & {
  readonly bankAccounts: readonly StoredAccount[];
  readonly revision: number;
};

/** How many bank accounts a company may have. */
export const maxAccounts = 50;

/** A company and one of its accounts, after a change of that account. */
export interface AccountChange {
  readonly company: StoredCompany;
  readonly account: StoredAccount;
}

/** A new company with its accounts, which keep the order in which they were sent. */
export function createCompany({ bankAccounts = [], ...fields }: CompanyCreation, now: Date): StoredCompany | Problem {
  const pointersWhere = (isWrong: (account: AccountFields, index: number) => boolean) =>
    bankAccounts.flatMap((account, index) => (isWrong(account, index) ? [`/bankAccounts/${index}`] : []));
  const unknown = pointersWhere(({ bankCode }) => !isBank(bankCode));
  if (unknown.length > 0) return bankUnknown(unknown.map((pointer) => `${pointer}/bankCode`));
  const twice = pointersWhere((account, index) => bankAccounts.slice(0, index).some((other) => isSame(account, other)));
  if (twice.length > 0) return accountExists(twice);
  // Ids of one millisecond have no order of their own.
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

/** The company with the given fields changed; the same one if nothing is different. */
export function changeCompany(company: StoredCompany, patch: CompanyPatch, now: Date): StoredCompany {
  return patched(company, patch, now);
}

/** One of a company's accounts. */
export function accountOf({ bankAccounts }: StoredCompany, accountId: string): StoredAccount | Problem {
  return bankAccounts.find(({ id }) => id === accountId) ?? notFound();
}

/** The company with one account more. */
export function addAccount(company: StoredCompany, fields: AccountFields, now: Date): AccountChange | Problem {
  const account = newAccount(newId("acc_", now), fields, now);
  const refusal = refuseAccount(company, account);
  if (refusal !== undefined) return refusal;
  if (company.bankAccounts.length >= maxAccounts) {
    return new Problem("limit_reached", `A company has at most ${maxAccounts} bank accounts. Remove one first.`);
  }
  return { company: withAccounts(company, [...company.bankAccounts, account], now), account };
}

/** The company with the given fields of one account changed; the same one if nothing is different. */
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

/** Why a company cannot have this account, next to those that it has. */
function refuseAccount(company: StoredCompany, account: StoredAccount): Problem | undefined {
  if (!isBank(account.bankCode)) return bankUnknown(["/bankCode"]);
  if (others(company, account).some((other) => isSame(other, account))) return accountExists([]);
  return undefined;
}

/** The same agency, number and bank, compared exactly as they were sent. */
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
  return new Problem("bank_unknown", "The directory at /v1/banks does not have this bank.", {
    errors: pointers.map((pointer) => ({ pointer, detail })),
  });
}

/** @param pointers to those among several in one request that are there a second time */
function accountExists(pointers: readonly string[]): Problem {
  const errors = pointers.map((pointer) => ({ pointer, detail: "is there already" }));
  return new Problem("bank_account_exists", "The company has this bank account already.", {
    ...(errors.length > 0 && { errors }),
  });
}
