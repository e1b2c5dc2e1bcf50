/** Reads and writes of partners and of the e-mail addresses that they reserve. */
import type { Author } from "../contract/author.ts";
import { etagOf } from "../domain/etag.ts";
import { notFound, orThrow, Problem } from "../domain/problems.ts";
import type { PartnerSnapshot } from "../events/model.ts";
import { eventWrite } from "../events/store.ts";
import type { ClientCredential, TestClock } from "../identity/model.ts";
import { creationReopening } from "../identity/creation-lock-store.ts";
import { partnerStateChange, principalCreation, principalDeletion } from "../identity/store.ts";
import type { Partition } from "../runtime/key.ts";
import type { Change, PageRequest, Table, Write } from "../runtime/table.ts";
import { beginningWith, pageOfMatches, pageWhere, searchForm, type PagedSource } from "../runtime/search.ts";
import { all, conflict, deleteUnchanged, placeIfNone, putAbsent, putUnchanged, unchanged } from "../runtime/writes.ts";
import { partnerKey, partnerPartitions, placeByEmail, placeByName } from "./keys.ts";
import { normalizeEmail, type StoredPartner } from "./model.ts";
import { changePartner, endsTokens } from "./rules.ts";

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

/** A page of all live partners, newest first. It may be short although more follow: sandboxes are mixed in. */
export async function listPartners(table: Table, page: PageRequest): Promise<PartnerPage> {
  const all: PagedSource<StoredPartner> = (read) =>
    table.query({ partition: partnerKey.partner(""), descending: true, ...read });
  return await pageWhere(all, ({ sandboxOf }) => sandboxOf === undefined, page);
}

/** A page of all partners in the order of their names or of their e-mail addresses, from the index. */
export async function sortPartners(table: Table, by: "name" | "email", page: PageRequest): Promise<PartnerPage> {
  return await partnersOf(table, await (by === "name" ? byName(table, "") : byEmail(table, ""))(page));
}

/**
 * A page of the partners whose name begins with a text, and behind them those whose e-mail address does. A text that begins like
 * an id is compared with ids.
 */
export async function searchPartners(table: Table, text: string, page: PageRequest): Promise<PartnerPage> {
  if (text.startsWith("ptr_")) {
    return await table.query({ partition: partnerKey.partner(""), ...beginningWith(text), ...page });
  }
  const name = searchForm(text);
  const { items, lastKey } = await pageOfMatches([byName(table, name), byEmail(table, normalizeEmail(text))], page);
  const partners = await table.getAll(items.map(({ id }) => partnerKey.partner(id)));
  const isRepeated = (partner: StoredPartner, list: number) => list > 0 && searchForm(partner.name).startsWith(name);
  const found = items.flatMap(({ list }, index) => {
    const partner = partners[index];
    return partner === undefined || isRepeated(partner, list) ? [] : [partner];
  });
  return { items: found, lastKey };
}

interface PartnerPage {
  readonly items: readonly StoredPartner[];
  readonly lastKey?: string | undefined;
}

type IdPage = Awaited<ReturnType<PagedSource<string>>>;

function byName(table: Table, text: string): PagedSource<string> {
  return async (page) => {
    const partition: Partition<StoredPartner> = { pk: partnerPartitions.partnersByName };
    const { items, lastKey } = await table.query({ partition, index: "gsi1", ...beginningWith(text), ...page });
    return { items: items.map(({ id }) => id), lastKey };
  };
}

function byEmail(table: Table, text: string): PagedSource<string> {
  return async (page) => {
    const partition: Partition<{ readonly partnerId: string }> = { pk: partnerPartitions.partnersByEmail };
    const { items, lastKey } = await table.query({ partition, index: "gsi1", ...beginningWith(text), ...page });
    return { items: items.map(({ partnerId }) => partnerId), lastKey };
  };
}

/** The partners as they are now: the index may lag behind a change. */
async function partnersOf(table: Table, { items: ids, lastKey }: IdPage): Promise<PartnerPage> {
  const partners = await table.getAll(ids.map(partnerKey.partner));
  return { items: partners.filter((partner) => partner !== undefined), lastKey };
}

/** Creates a partner, with its event. Refused with `partner_email_taken` if another partner has the e-mail address. */
export function partnerCreation(author: Author, partner: StoredPartner, credential: ClientCredential): Change {
  const { id, status, tokenPolicy } = partner;
  return [
    reserveEmail(partner),
    putAbsent(partnerKey.partner(id), partner, { index: placeByName(partner) }),
    // No token has been issued yet. The first one raises the version to 1.
    ...principalCreation(id, { kind: "partner", status, tokenPolicy, version: 0 }, credential),
    eventWrite(author, { type: "partner.created", data: snapshot(partner) }),
  ];
}

/** Creates a sandbox, with its event. It has no places in the index, which only searches for live partners read. */
export function sandboxCreation(
  author: Author,
  sandbox: StoredPartner,
  { credential, testClock }: { readonly credential: ClientCredential; readonly testClock: TestClock },
): Change {
  const { id, status, tokenPolicy, dpopBoundAccessTokens, expiryNotice } = sandbox;
  const state = { kind: "partner", status, tokenPolicy, dpopBoundAccessTokens, expiryNotice, version: 0 } as const;
  return [
    putAbsent(partnerKey.partner(id), sandbox),
    ...principalCreation(id, { ...state, testClock }, credential),
    eventWrite({ ...author, partnerId: id }, { type: "partner.created", data: snapshot(sandbox) }),
  ];
}

/** The sandbox that follows a change of its live partner's status; undefined where none does, or where it is being deleted. */
export async function findFollower(
  table: Table,
  before: StoredPartner,
  after: StoredPartner,
): Promise<StoredPartner | undefined> {
  if (before.status === after.status || before.sandboxId === undefined) return undefined;
  return await findPartner(table, before.sandboxId);
}

/** Gives a sandbox the status of its live partner, with the event. */
export function followingChange(author: Author, sandbox: StoredPartner | undefined, live: StoredPartner): Change {
  if (sandbox === undefined) return [];
  const after = changePartner(sandbox, { status: live.status }, author.now);
  return partnerChange({ ...author, partnerId: sandbox.id }, sandbox, after);
}

/** Replaces a partner, with the event. Refused with `partner_email_taken` if another partner has the new e-mail address. */
export function partnerChange(author: Author, before: StoredPartner, after: StoredPartner): Change {
  if (after.revision === before.revision) return [];
  const emailChanges = normalizeEmail(before.email) !== normalizeEmail(after.email);
  const stateChanges =
    before.status !== after.status ||
    before.tokenPolicy !== after.tokenPolicy ||
    before.dpopBoundAccessTokens !== after.dpopBoundAccessTokens ||
    before.expiryNotice !== after.expiryNotice ||
    before.limits !== after.limits ||
    before.sandboxId !== after.sandboxId;
  const place = after.sandboxOf === undefined ? placeByName(after) : undefined;
  return [
    putUnchanged(partnerKey.partner(after.id), after, before.revision, place),
    ...(emailChanges ? [reserveEmail(after), releaseEmail(before)] : []),
    ...(stateChanges ? [stateChange(before, after)] : []),
    ...(before.status === "suspended" && after.status === "active" ? creationReopening(after.id) : []),
    eventWrite(author, { type: "partner.changed", data: snapshot(after) }),
  ];
}

function stateChange(before: StoredPartner, after: StoredPartner): Write {
  // Only the start and the end of a sandbox may write this attribute.
  const sandboxId = before.sandboxId === after.sandboxId ? undefined : (after.sandboxId ?? null);
  return partnerStateChange(after.id, { ...after, sandboxId }, { endsTokens: endsTokens(before, after) });
}

/** Deletes a partner and ends its principal, with the event, unless the partner has changed since it was read. */
export function partnerDeletion(author: Author, partner: StoredPartner): Change {
  return [
    deleteUnchanged(partnerKey.partner(partner.id), partner.revision),
    ...(partner.sandboxOf === undefined ? [releaseEmail(partner)] : []),
    ...principalDeletion(partner.id),
    eventWrite(author, { type: "partner.deleted", data: snapshot(partner) }),
  ];
}

/** The partner as events show it. */
function snapshot({ id, name, websiteUrl, status, createdAt, updatedAt, revision }: StoredPartner): PartnerSnapshot {
  return { id, name, websiteUrl, status, createdAt, updatedAt, etag: etagOf(revision) };
}

/**
 * Looks at the e-mail address of a change before a step that has an effect of its own; the change itself reserves the address.
 *
 * @throws Problem `partner_email_taken`
 */
export async function requireFreeEmail(table: Table, { id, email }: StoredPartner): Promise<void> {
  const owner = await findPartnerIdByEmail(table, email);
  if (owner !== undefined && owner !== id) throw emailTaken();
}

function reserveEmail({ id, email }: StoredPartner): Write {
  return putAbsent(
    partnerKey.partnerEmail(email),
    { partnerId: id },
    {
      index: placeByEmail(email),
      onExisting: emailTaken,
    },
  );
}

function emailTaken(): Problem {
  return new Problem("partner_email_taken", "Another partner has this e-mail address. Use a different one.");
}

function releaseEmail({ email }: StoredPartner): Write {
  return { delete: partnerKey.partnerEmail(email) };
}

/** The changes that give a partner of an earlier release its places in the index. One that changes meanwhile gets them then. */
export async function partnerSearchUpdates(table: Table, partnerId: string): Promise<readonly Change[]> {
  const partner = await findPartner(table, partnerId);
  if (partner === undefined || partner.sandboxOf !== undefined) return [];
  const { email, revision } = partner;
  const key = partnerKey.partner(partnerId);
  const place = placeIfNone(key, placeByName(partner));
  const isUnchanged = { check: key, condition: unchanged(revision), onConditionFailed: conflict };
  return [
    [{ ...place, condition: all(place.condition, unchanged(revision)) }],
    [isUnchanged, placeIfNone(partnerKey.partnerEmail(email), placeByEmail(email))],
  ];
}
