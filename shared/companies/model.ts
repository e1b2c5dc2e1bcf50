/** Companies and their bank accounts as they are kept, with their limits. */

/** A bank of the directory. */
export interface Bank {
  /** Three digits. */
  readonly code: string;
  readonly name: string;
}

/** A bank account as it is kept: the bank by its code alone. Times are RFC 3339. */
export interface StoredAccount {
  readonly id: string;
  readonly agency: string;
  readonly accountNumber: string;
  readonly bankCode: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts the changes, from 1. */
  readonly revision: number;
}

/** A company as it is kept. Times are RFC 3339. */
export interface StoredCompany {
  readonly id: string;
  readonly name: string;
  /** Digits. */
  readonly phone: string;
  /** Money, as `canonicalMoney` makes it. */
  readonly declaredBilling: string;
  /** In the order of their ids, oldest first. */
  readonly bankAccounts: readonly StoredAccount[];
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts the changes of everything that a read shows, the accounts included, from 1. */
  readonly revision: number;
}

export const maxCompanyNameLength = 80;

/** The maximum number of bank accounts of a company. */
export const maxAccounts = 50;
