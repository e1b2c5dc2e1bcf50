/** Companies and bank accounts as their partner sees them. */
import { etagOf } from "../domain/etag.ts";
import { bankOf } from "./banks.ts";
import type { BankAccountView, CompanyView } from "./contract.ts";
import type { StoredAccount, StoredCompany } from "./model.ts";

export function viewCompany(company: StoredCompany): CompanyView {
  const { id, name, phone, declaredBilling, createdAt, updatedAt, revision } = company;
  const bankAccounts = company.bankAccounts.map(viewAccount);
  return { id, name, phone, declaredBilling, bankAccounts, createdAt, updatedAt, etag: etagOf(revision) };
}

export function viewAccount(account: StoredAccount): BankAccountView {
  const { id, agency, accountNumber, bankCode, createdAt, updatedAt, revision } = account;
  return { id, agency, accountNumber, bank: bankOf(bankCode), createdAt, updatedAt, etag: etagOf(revision) };
}
