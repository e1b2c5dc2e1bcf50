/**
 * Reads and writes of companies. A company and its bank accounts are one item, so one condition on it holds for all of them:
 * see `docs/decisions/0017-accounts-within-the-company.md`.
 */
import type { Author } from "../contract/author.ts";
import { etagOf } from "../domain/etag.ts";
import { notFound, orThrow } from "../domain/problems.ts";
import type { CompanySnapshot } from "../events/model.ts";
import { eventWrite } from "../events/store.ts";
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

/** Creates a company, with its event. A parallel deletion of the partner must not miss it. */
export function companyCreation(author: Author, company: StoredCompany): Change {
  const { partnerId, now } = author;
  return [
    putAbsent(companyKey.company(partnerId, company.id), company),
    whileActive(partnerId, now),
    eventWrite(author, { type: "company.created", data: snapshot(company) }),
  ];
}

/** Replaces a company and its accounts, with the event, unless any of them has changed since they were read. */
export function companyChange(author: Author, before: StoredCompany, after: StoredCompany): Change {
  if (after.revision === before.revision) return [];
  return [
    putUnchanged(companyKey.company(author.partnerId, after.id), after, before.revision),
    eventWrite(author, { type: "company.changed", data: snapshot(after) }),
  ];
}

/** Deletes a company with all its accounts, with the event, unless it has changed since it was read. */
export function companyDeletion(author: Author, company: StoredCompany): Change {
  return [
    deleteUnchanged(companyKey.company(author.partnerId, company.id), company.revision),
    eventWrite(author, { type: "company.deleted", data: snapshot(company) }),
  ];
}

/** The company as events show it. */
function snapshot({ id, name, createdAt, updatedAt, revision }: StoredCompany): CompanySnapshot {
  return { id, name, createdAt, updatedAt, etag: etagOf(revision) };
}
