/**
 * Reads and writes of companies. A company and its bank accounts are one item, so one condition on it holds for all of them:
 * see `docs/decisions/0017-accounts-within-the-company.md`.
 */
import { notFound, orThrow } from "../domain/problems.ts";
import { whileActive } from "../identity/store.ts";
import type { Change, Page, QueryRange, Table } from "../runtime/table.ts";
import { deleteUnchanged, putAbsent, putUnchanged } from "../runtime/writes.ts";
import { companyKey } from "./keys.ts";
import type { StoredCompany } from "./model.ts";

/** A company of the partner. @throws Problem `not_found`, also for the company of a different partner */
export async function readCompany(table: Table, partnerId: string, companyId: string): Promise<StoredCompany> {
  return orThrow((await table.get(companyKey.company(partnerId, companyId))) ?? notFound());
}

/** A page of a partner's companies, newest first. */
export async function listCompanies(
  table: Table,
  partnerId: string,
  page: Pick<QueryRange, "after" | "limit">,
): Promise<Page<StoredCompany>> {
  return await table.query({ partition: companyKey.company(partnerId, ""), descending: true, ...page });
}

export async function hasCompany(table: Table, partnerId: string): Promise<boolean> {
  const { items } = await table.query({ partition: companyKey.company(partnerId, ""), limit: 1 });
  return items.length > 0;
}

/** Creates a company. A parallel deletion of the partner must not miss it. */
export function companyCreation(partnerId: string, company: StoredCompany, now: Date): Change {
  return [putAbsent(companyKey.company(partnerId, company.id), company), whileActive(partnerId, now)];
}

/** Replaces a company and its accounts, unless any of them has changed since they were read. */
export function companyChange(partnerId: string, before: StoredCompany, after: StoredCompany): Change {
  if (after.revision === before.revision) return [];
  return [putUnchanged(companyKey.company(partnerId, after.id), after, before.revision)];
}

/** Deletes a company with all its accounts, unless it has changed since it was read. */
export function companyDeletion(partnerId: string, { id, revision }: StoredCompany): Change {
  return [deleteUnchanged(companyKey.company(partnerId, id), revision)];
}
