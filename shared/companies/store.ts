/**
 * Reads and writes of companies. A company and its bank accounts are one item, so one condition on it holds for all of them:
 * see `docs/decisions/0017-accounts-within-the-company.md`.
 */
import type { Author } from "../contract/author.ts";
import { etagOf } from "../domain/etag.ts";
import { notFound, orThrow } from "../domain/problems.ts";
import type { CompanySnapshot } from "../events/model.ts";
import { eventWrite } from "../events/store.ts";
import { whileActive } from "../identity/creation-lock-store.ts";
import { beginningWith, searchForm } from "../runtime/search.ts";
import type { Change, Page, PageRequest, Table } from "../runtime/table.ts";
import { all, deleteUnchanged, placeIfNone, putAbsent, putUnchanged, unchanged } from "../runtime/writes.ts";
import { companiesByName, companyKey, placeByName } from "./keys.ts";
import type { StoredCompany } from "./model.ts";

/** A company of the partner. @throws Problem `not_found`, also for the company of a different partner */
export async function readCompany(table: Table, partnerId: string, companyId: string): Promise<StoredCompany> {
  return orThrow((await table.get(companyKey.company(partnerId, companyId))) ?? notFound());
}

/** A page of a partner's companies, newest first. */
export async function listCompanies(table: Table, partnerId: string, page: PageRequest): Promise<Page<StoredCompany>> {
  return await table.query({ partition: companyKey.company(partnerId, ""), descending: true, ...page });
}

/** Which of a partner's companies are listed, and in which order. */
interface Selection {
  readonly search?: string | undefined;
  readonly sort: "newest" | "name";
}

/** A page of a partner's companies that a search finds, or in the given order. */
export async function findCompanies(
  table: Table,
  partnerId: string,
  { search, sort }: Selection,
  page: PageRequest,
): Promise<CompanyPage> {
  if (search === undefined && sort === "newest") return await listCompanies(table, partnerId, page);
  return await searchCompanies(table, partnerId, search ?? "", page);
}

type CompanyPage = Pick<Page<StoredCompany>, "items" | "lastKey">;

/**
 * A page of the companies whose name begins with a text, by name; of all companies for an empty text. A text that begins like an id
 * is compared with ids.
 */
async function searchCompanies(table: Table, partnerId: string, text: string, page: PageRequest): Promise<CompanyPage> {
  if (text.startsWith("cmp_")) {
    return await table.query({ partition: companyKey.company(partnerId, ""), ...beginningWith(text), ...page });
  }
  const range = { partition: companiesByName(partnerId), ...beginningWith(searchForm(text)), ...page };
  const { items, lastKey } = await table.query({ index: "gsi1", ...range });
  // As they are now: the index may lag behind a change.
  const companies = await table.getAll(items.map(({ id }) => companyKey.company(partnerId, id)));
  return {
    items: companies.filter((company) => company !== undefined),
    ...(lastKey !== undefined && { lastKey }),
  };
}

export async function hasCompany(table: Table, partnerId: string): Promise<boolean> {
  const { items } = await table.query({ partition: companyKey.company(partnerId, ""), limit: 1 });
  return items.length > 0;
}

/** Creates a company, with its event. A parallel deletion of the partner must not miss it. */
export function companyCreation(author: Author, company: StoredCompany): Change {
  const { partnerId, now } = author;
  return [
    putAbsent(companyKey.company(partnerId, company.id), company, { index: placeByName(partnerId, company) }),
    whileActive(partnerId, company.id, now),
    eventWrite(author, { type: "company.created", data: snapshot(company) }),
  ];
}

/** Replaces a company and its accounts, with the event, unless any of them has changed since they were read. */
export function companyChange(author: Author, before: StoredCompany, after: StoredCompany): Change {
  if (after.revision === before.revision) return [];
  const { partnerId } = author;
  return [
    putUnchanged(companyKey.company(partnerId, after.id), after, before.revision, placeByName(partnerId, after)),
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

/** The change that gives a company of an earlier release its place by name. One that changes meanwhile gets it then. */
export function companySearchUpdate(partnerId: string, company: StoredCompany): Change {
  const place = placeIfNone(companyKey.company(partnerId, company.id), placeByName(partnerId, company));
  return [{ ...place, condition: all(place.condition, unchanged(company.revision)) }];
}
