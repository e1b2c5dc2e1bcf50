/** Reads and writes of partners and of the e-mail addresses that they reserve. */
import type { Author } from "../contract/author.ts";
import { etagOf } from "../domain/etag.ts";
import { notFound, orThrow, Problem } from "../domain/problems.ts";
import type { PartnerSnapshot } from "../events/model.ts";
import { eventWrite } from "../events/store.ts";
import type { ClientCredential } from "../identity/model.ts";
import { partnerStateChange, principalCreation, principalDeletion } from "../identity/store.ts";
import type { Change, Page, QueryRange, Table, Write } from "../runtime/table.ts";
import { deleteUnchanged, putAbsent, putUnchanged } from "../runtime/writes.ts";
import { partnerKey } from "./keys.ts";
import { normalizeEmail, type StoredPartner } from "./model.ts";
import { endsTokens } from "./rules.ts";

export async function findPartner(table: Table, partnerId: string): Promise<StoredPartner | undefined> {
  return await table.get(partnerKey.partner(partnerId));
}

/** @throws Problem `not_found` */
export async function readPartner(table: Table, partnerId: string): Promise<StoredPartner> {
  return orThrow((await findPartner(table, partnerId)) ?? notFound());
}

export async function findPartnerIdByEmail(table: Table, email: string): Promise<string | undefined> {
  return (await table.get(partnerKey.partnerEmail(email)))?.partnerId;
}

/** A page of all partners, newest first. */
export async function listPartners(
  table: Table,
  page: Pick<QueryRange, "after" | "limit">,
): Promise<Page<StoredPartner>> {
  return await table.query({ partition: partnerKey.partner(""), descending: true, ...page });
}

/** Creates a partner, with its event. Refused with `partner_email_taken` if another partner has the e-mail address. */
export function partnerCreation(author: Author, partner: StoredPartner, credential: ClientCredential): Change {
  const { id, status, tokenPolicy } = partner;
  return [
    reserveEmail(partner),
    putAbsent(partnerKey.partner(id), partner),
    // No token has been issued yet. The first one raises the version to 1.
    ...principalCreation(id, { kind: "partner", status, tokenPolicy, version: 0 }, credential),
    eventWrite(author, { type: "partner.created", data: snapshot(partner) }),
  ];
}

/** Replaces a partner, with the event. Refused with `partner_email_taken` if another partner has the new e-mail address. */
export function partnerChange(author: Author, before: StoredPartner, after: StoredPartner): Change {
  if (after.revision === before.revision) return [];
  const emailChanges = normalizeEmail(before.email) !== normalizeEmail(after.email);
  const stateChanges =
    before.status !== after.status ||
    before.tokenPolicy !== after.tokenPolicy ||
    before.dpopBoundAccessTokens !== after.dpopBoundAccessTokens ||
    before.expiryNotice !== after.expiryNotice;
  return [
    putUnchanged(partnerKey.partner(after.id), after, before.revision),
    ...(emailChanges ? [reserveEmail(after), releaseEmail(before)] : []),
    ...(stateChanges ? [partnerStateChange(after.id, after, { endsTokens: endsTokens(before, after) })] : []),
    eventWrite(author, { type: "partner.changed", data: snapshot(after) }),
  ];
}

/** Deletes a partner and ends its principal, with the event, unless the partner has changed since it was read. */
export function partnerDeletion(author: Author, partner: StoredPartner): Change {
  return [
    deleteUnchanged(partnerKey.partner(partner.id), partner.revision),
    releaseEmail(partner),
    ...principalDeletion(partner.id),
    eventWrite(author, { type: "partner.deleted", data: snapshot(partner) }),
  ];
}

/** The partner as events show it. */
function snapshot({ id, name, websiteUrl, status, createdAt, updatedAt, revision }: StoredPartner): PartnerSnapshot {
  return { id, name, websiteUrl, status, createdAt, updatedAt, etag: etagOf(revision) };
}

function reserveEmail({ id, email }: StoredPartner): Write {
  return putAbsent(
    partnerKey.partnerEmail(email),
    { partnerId: id },
    {
      onExisting: () =>
        new Problem("partner_email_taken", "Another partner has this e-mail address. Use a different one."),
    },
  );
}

function releaseEmail({ email }: StoredPartner): Write {
  return { delete: partnerKey.partnerEmail(email) };
}
