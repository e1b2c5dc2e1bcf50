/**
 * Items of companies: each is one item together with its bank accounts, so that one condition on it holds for all of them.
 * Why so: `docs/decisions/0017-accounts-within-the-company.md`.
 */
import { etagOf } from "../domain/etag.ts";
import { orThrow, notFound } from "../domain/problems.ts";
import { whileActive } from "../identity/store.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { absent, unchanged } from "../runtime/writes.ts";
import { key } from "../runtime/key.ts";
import type { Change, Item, Table } from "../runtime/table.ts";
import { bankOf } from "./banks.ts";
import type { BankAccount, Company } from "./contract.ts";
import type { StoredAccount, StoredCompany } from "./rules.ts";

/** A partner's company. @throws Problem `not_found`, for another partner's, too */
export async function readCompany(table: Table, partnerId: string, companyId: string): Promise<StoredCompany> {
  const item = await table.get(key.company(partnerId, companyId));
  return orThrow(item === undefined ? notFound() : fromItem(item));
}

/** A page of a partner's companies, newest first. */
export async function listCompanies(
  table: Table,
  partnerId: string,
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<{ readonly companies: readonly StoredCompany[]; readonly lastKey: string | undefined }> {
  const { items, lastKey } = await table.query({ pk: key.company(partnerId, "").pk, descending: true, ...page });
  return { companies: items.map(fromItem), lastKey };
}

/** Whether a partner has any company. */
export async function hasCompany(table: Table, partnerId: string): Promise<boolean> {
  const { items } = await table.query({ pk: key.company(partnerId, "").pk, limit: 1 });
  return items.length > 0;
}

/** A deletion of the partner must not miss the company that begins beside it. */
export function companyCreation(partnerId: string, company: StoredCompany, now: Date): Change {
  return [{ put: toItem(partnerId, company), condition: absent }, whileActive(partnerId, now)];
}

/** Keeps a company and its accounts, unless any of them has changed since they were read. */
export function companyChange(partnerId: string, before: StoredCompany, after: StoredCompany): Change {
  if (after.revision === before.revision) return [];
  return [
    {
      put: toItem(partnerId, after),
      condition: unchanged(before.revision),
      onConditionFailed: () => new ConcurrencyConflict(),
    },
  ];
}

/** Ends a company with all its accounts, unless it has changed since it was read. */
export function companyDeletion(partnerId: string, { id, revision }: StoredCompany): Change {
  return [
    {
      delete: key.company(partnerId, id),
      condition: unchanged(revision),
      onConditionFailed: () => new ConcurrencyConflict(),
    },
  ];
}

function toItem(partnerId: string, company: StoredCompany) {
  return { ...key.company(partnerId, company.id), ...company };
}

function fromItem({ pk: _pk, sk: _sk, ...company }: Item): StoredCompany {
  return company as StoredCompany;
}

/** A company as its partner sees it. */
export function viewCompany(company: StoredCompany): Company {
  const { id, name, phone, declaredBilling, bankAccounts, createdAt, updatedAt, revision } = company;
  return {
    id,
    name,
    phone,
    declaredBilling,
    bankAccounts: bankAccounts.map(viewAccount),
    createdAt,
    updatedAt,
    etag: etagOf(revision),
  };
}

/** A bank account as its partner sees it. */
export function viewAccount(account: StoredAccount): BankAccount {
  const { id, agency, accountNumber, bankCode, createdAt, updatedAt, revision } = account;
  return { id, agency, accountNumber, bank: bankOf(bankCode), createdAt, updatedAt, etag: etagOf(revision) };
}
