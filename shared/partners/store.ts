/** Items of partners: the profile, and the e-mail address that belongs to one of them. */
import { etagOf } from "../domain/etag.ts";
import { orThrow, notFound, Problem } from "../domain/problems.ts";
import type { ClientCredential } from "../identity/client-secrets.ts";
import { partnerStateChange, principalCreation, principalDeletion } from "../identity/store.ts";
import { absent, unchanged } from "../runtime/writes.ts";
import { key } from "../runtime/key.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Change, Item, Table, Write } from "../runtime/table.ts";
import type { Partner } from "./contract.ts";
import { endsTokens, normalizeEmail, type StoredPartner } from "./rules.ts";

export async function findPartner(table: Table, partnerId: string): Promise<StoredPartner | undefined> {
  const item = await table.get(key.partner(partnerId));
  return item && fromItem(item);
}

/** The partner. @throws Problem `not_found` */
export async function readPartner(table: Table, partnerId: string): Promise<StoredPartner> {
  return orThrow((await findPartner(table, partnerId)) ?? notFound());
}

/** The id of the partner that has this e-mail address. */
export async function findPartnerIdByEmail(table: Table, email: string): Promise<string | undefined> {
  return (await table.get(key.partnerEmail(normalizeEmail(email))))?.partnerId;
}

/** A page of partners, newest first. */
export async function listPartners(
  table: Table,
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<{ readonly partners: readonly StoredPartner[]; readonly lastKey: string | undefined }> {
  const { items, lastKey } = await table.query({ pk: key.partner("").pk, descending: true, ...page });
  return { partners: items.map(fromItem), lastKey };
}

/** Refused with `partner_email_taken` if another partner has the e-mail address. */
export function partnerCreation(partner: StoredPartner, credential: ClientCredential): Change {
  const { id, status, tokenPolicy } = partner;
  return [
    holdEmail(partner),
    { put: { ...key.partner(id), ...partner }, condition: absent },
    // No token has been issued yet; the first one raises the version to 1.
    ...principalCreation(id, { kind: "partner", status, tokenPolicy, version: 0 }, credential),
  ];
}

export function partnerChange(before: StoredPartner, after: StoredPartner): Change {
  if (after.revision === before.revision) return [];
  const emailMoves = normalizeEmail(before.email) !== normalizeEmail(after.email);
  const stateMoves = before.status !== after.status || before.tokenPolicy !== after.tokenPolicy;
  return [
    {
      put: { ...key.partner(after.id), ...after },
      condition: unchanged(before.revision),
      onConditionFailed: () => new ConcurrencyConflict(),
    },
    ...(emailMoves ? [holdEmail(after), releaseEmail(before)] : []),
    ...(stateMoves ? [partnerStateChange(after.id, after, { endsTokens: endsTokens(before, after) })] : []),
  ];
}

/** Ends the partner, unless it has changed since it was read. */
export function partnerDeletion(partner: StoredPartner): Change {
  return [
    {
      delete: key.partner(partner.id),
      condition: unchanged(partner.revision),
      onConditionFailed: () => new ConcurrencyConflict(),
    },
    releaseEmail(partner),
    ...principalDeletion(partner.id),
  ];
}

function holdEmail({ id, email }: StoredPartner): Write {
  return {
    put: { ...key.partnerEmail(normalizeEmail(email)), partnerId: id },
    condition: absent,
    onConditionFailed: () =>
      new Problem("partner_email_taken", "Another partner is registered with this e-mail address."),
  };
}

function releaseEmail({ email }: StoredPartner): Write {
  return { delete: key.partnerEmail(normalizeEmail(email)) };
}

function fromItem({ pk: _pk, sk: _sk, ...partner }: Item): StoredPartner {
  return partner as StoredPartner;
}

/** A partner as callers see it. */
export function viewPartner(partner: StoredPartner): Partner {
  const { id, name, websiteUrl, email, status, tokenPolicy, createdAt, updatedAt, revision } = partner;
  return { id, name, websiteUrl, email, status, tokenPolicy, createdAt, updatedAt, etag: etagOf(revision) };
}
