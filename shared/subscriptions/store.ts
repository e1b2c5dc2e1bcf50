/** Reads and writes of subscriptions: the latest one of each external user, and every change that led to it. */
import { momentOf, type Author } from "../contract/author.ts";
import { etagOf } from "../domain/etag.ts";
import { newId } from "../domain/ids.ts";
import { notFound, orThrow } from "../domain/problems.ts";
import type { SubscriptionSnapshot } from "../events/model.ts";
import { eventWrite, passageWrite } from "../events/store.ts";
import { whileActive } from "../identity/creation-lock-store.ts";
import { whileClockStands } from "../identity/store.ts";
import type { IndexPlaces, Key, Partition } from "../runtime/key.ts";
import { beginningWith } from "../runtime/search.ts";
import type { Change, ConditionalWrite, Expression, Page, PageRequest, Table, UpdateWrite } from "../runtime/table.ts";
import { all, putAbsent, putIf, putUnchanged, unchanged, updateIf } from "../runtime/writes.ts";
import { byExpiry, noticesOf, partnerAt, placeByExpiry, placeById, placeByNotice, subscriptionKey } from "./keys.ts";
import {
  termOf,
  type ChangeType,
  type HistoryEntry,
  type Notice,
  type NoticePosition,
  type StoredSubscription,
  type Subscription,
  type SubscriptionStatus,
} from "./model.ts";
import { duePassages, isLive, nextPassage, noticeAfter, shareOfLive, statusAt, type Passage } from "./rules.ts";

export async function findSubscription(
  table: Table,
  partnerId: string,
  externalUserId: string,
): Promise<Subscription | undefined> {
  const stored = await table.get(subscriptionKey.subscription(partnerId, externalUserId));
  return stored && fromStored(stored);
}

/** The latest subscription of an external user. @throws Problem `not_found` */
export async function readSubscription(table: Table, partnerId: string, externalUserId: string): Promise<Subscription> {
  return orThrow((await findSubscription(table, partnerId, externalUserId)) ?? notFound());
}

/**
 * Keeps a subscription with its history entry and its event, unless the subscription has changed since it was read. Every
 * change of a subscription is made here, so none is without its event.
 */
export function subscriptionChange(
  type: ChangeType,
  before: Subscription | undefined,
  after: Subscription,
  author: Author,
): Change {
  if (before?.revision === after.revision) return [];
  const { partnerId, tokenId, clock, expiryNotice } = author;
  const now = momentOf(author);
  const key = subscriptionKey.subscription(partnerId, after.externalUserId);
  const erased = type === "personal_data_erased";
  const notice = noticeAfter(type, after, expiryNotice);
  const kept = { ...after, notice, inLiveCount: notice && (true as const), ...(clock && { sandbox: true as const }) };
  // The notices that are due and not announced yet: the change replaces them.
  const overdue = erased || before === undefined ? [] : duePassages(before, now);
  // The clock of a sandbox stands still: nothing would bring what is due at once until the next advance.
  const dueAtOnce = erased || clock === undefined ? [] : duePassages(kept, now);
  const liveChange = changeOfLive(overdue.at(-1)?.after ?? before, kept);
  const stored = toStored(dueAtOnce.at(-1)?.after ?? kept);
  const places = placesOf(partnerId, stored);
  const entry: HistoryEntry = {
    id: newId("hst_", after.updatedAt),
    type,
    at: stored.updatedAt,
    from: before === undefined || type === "created" ? null : termOf(toStored(before)),
    to: termOf(stored),
    tokenId,
  };
  const comesToLife = isLive(after, now) && !(before && isLive(before, now));
  return [
    before === undefined ? putAbsent(key, stored, { index: places }) : putIf(key, stored, asRead(before), places),
    putAbsent(subscriptionKey.historyEntry(partnerId, after.externalUserId, after.revision), entry, {
      index: type === "created" ? placeById(partnerId, after) : undefined,
    }),
    eventWrite(
      author,
      { type: `subscription.${type}`, data: snapshot(after, now), liveChange, ...markOf(author) },
      after.updatedAt,
    ),
    ...[...overdue, ...dueAtOnce].map((passage) => passageEvent(partnerId, passage, author)),
    // A new or reactivated subscription must not escape a suspension or deletion of the partner.
    ...(comesToLife ? [whileActive(partnerId, after.externalUserId, author.now)] : []),
    // What was decided by the time before an advance of the test clock could lack the notices of that advance.
    ...(clock === undefined ? [] : [whileClockStands(partnerId, clock)]),
  ];
}

type Clocks = Pick<Author, "now" | "clock">;

/** The event of a notice: of a live partner's when it is announced, in a sandbox at its own moment. */
function passageEvent(partnerId: string, { notice, before, after }: Passage, { now, clock }: Clocks): ConditionalWrite {
  const at = clock === undefined ? now : notice.at;
  const liveChange = changeOfLive(before, after);
  const data = snapshot(before, at);
  return passageWrite(
    partnerId,
    { type: `subscription.${notice.type}`, data, liveChange, ...markOf({ clock }) },
    now,
    at,
  );
}

function markOf({ clock }: Pick<Author, "clock">): { readonly sandbox?: true } {
  return clock === undefined ? {} : { sandbox: true };
}

function changeOfLive(before: Subscription | undefined, after: Subscription): 1 | -1 | undefined {
  const change = shareOfLive(after) - shareOfLive(before);
  return change === 1 || change === -1 ? change : undefined;
}

function placesOf(partnerId: string, stored: StoredSubscription): IndexPlaces {
  const { externalUserId, notice, sandbox } = stored;
  return {
    ...placeByExpiry(partnerId, stored),
    ...(notice !== undefined && sandbox !== true && placeByNotice(partnerId, externalUserId, notice)),
  };
}

/**
 * The subscription is as it was read. An announcement leaves the revision as it is, so the notice counts as well: a change that
 * was decided before it must not bring the notice back. The same holds for the mark of the migration `live-count`.
 */
function asRead({ revision, notice, inLiveCount }: Subscription): Expression {
  const sameMark = `${inLiveCount === true ? "attribute_exists" : "attribute_not_exists"}(inLiveCount)`;
  return all(unchanged(revision), sameNotice(notice), { expression: sameMark });
}

function sameNotice(notice: Notice | undefined): Expression {
  if (notice === undefined) return { expression: "attribute_not_exists(notice)" };
  return {
    expression: "notice.#type = :noticeType AND notice.#at = :noticeAt",
    names: { "#type": "type", "#at": "at" },
    values: { ":noticeType": notice.type, ":noticeAt": notice.at.toISOString() },
  };
}

/** The subscription as events show it. */
function snapshot(subscription: Subscription, now: Date): SubscriptionSnapshot {
  const { id, externalUserId, createdAt, updatedAt, revision } = subscription;
  return {
    id,
    externalUserId,
    ...termOf(toStored(subscription)),
    status: statusAt(subscription, now),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    etag: etagOf(revision),
  };
}

/**
 * Announces the notice of a subscription that is as it was read: its event, and the notice that follows.
 *
 * @param clock the test clock of a sandbox
 */
export function noticeAnnouncement(partnerId: string, subscription: Subscription, now: Date, clock?: Date): Change {
  const { externalUserId } = subscription;
  const passage = nextPassage(subscription);
  if (passage === undefined) return [];
  const { notice: next } = passage.after;
  const key = subscriptionKey.subscription(partnerId, externalUserId);
  const kept = clock === undefined ? noticeKept(partnerId, externalUserId, next) : noticeOutsideIndex(next);
  return [updateIf(key, asRead(subscription), kept), passageEvent(partnerId, passage, { now, clock })];
}

function noticeKept(partnerId: string, externalUserId: string, next: Notice | undefined): Expression {
  return next === undefined ? noNotice : noticeSet(partnerId, externalUserId, next);
}

function noticeOutsideIndex(next: Notice | undefined): Expression {
  if (next === undefined) return { expression: "REMOVE notice" };
  return { expression: "SET notice = :notice", values: { ":notice": { type: next.type, at: next.at.toISOString() } } };
}

const noNotice: Expression = { expression: "REMOVE notice, gsi2pk, gsi2sk" };

function noticeSet(partnerId: string, externalUserId: string, { type, at }: Notice): Expression {
  const notice = { type, at: at.toISOString() };
  const { gsi2pk, gsi2sk } = placeByNotice(partnerId, externalUserId, notice);
  return {
    expression: "SET notice = :notice, gsi2pk = :gsi2pk, gsi2sk = :gsi2sk",
    values: { ":notice": notice, ":gsi2pk": gsi2pk, ":gsi2sk": gsi2sk },
  };
}

/** Adds the notice that a subscription of an earlier release lacks, unless it has changed since it was read. */
export function noticeAddition(partnerId: string, subscription: Subscription, notice: Notice): UpdateWrite {
  const key = subscriptionKey.subscription(partnerId, subscription.externalUserId);
  return updateIf(key, asRead(subscription), noticeSet(partnerId, subscription.externalUserId, notice));
}

/** Marks a subscription of an earlier release as one that the number of live ones has, unless it has changed since it was read. */
export function liveCountMark(partnerId: string, subscription: Subscription): ConditionalWrite {
  const key = subscriptionKey.subscription(partnerId, subscription.externalUserId);
  return updateIf(key, asRead(subscription), {
    expression: "SET inLiveCount = :inLiveCount",
    values: { ":inLiveCount": true },
  });
}

/** A subscription with its partner. */
export interface OwnedSubscription {
  readonly partnerId: string;
  readonly subscription: Subscription;
}

/** A page of the subscriptions whose notice is due by a moment, from one shard of an hour, by the moments of their notices. */
export async function listDueNotices(
  table: Table,
  { hour, shard, until }: { readonly hour: string; readonly shard: number; readonly until: Date },
  page: PageRequest,
): Promise<{ readonly due: readonly OwnedSubscription[]; readonly lastKey: string | undefined }> {
  const range = { partition: noticesOf(hour, shard), index: "gsi2", to: justAfter(until).toISOString() } as const;
  const { items, sortKeys, lastKey } = await table.query({ ...range, ...page });
  const due = items.map((item, index) => ({
    partnerId: partnerAt(sortKeys[index] as string),
    subscription: fromStored(item),
  }));
  return { due, lastKey };
}

export async function findNoticePosition(table: Table): Promise<NoticePosition | undefined> {
  return await table.get(subscriptionKey.noticePosition());
}

/** Moves the position, unless another run has moved it since it was read. */
export function noticePositionChange(before: NoticePosition | undefined, hour: string): Change {
  const key = subscriptionKey.noticePosition();
  if (before === undefined) return [putAbsent(key, { hour, revision: 1 })];
  return [putUnchanged(key, { hour, revision: before.revision + 1 }, before.revision)];
}

interface SubscriptionPage {
  readonly items: readonly Subscription[];
  readonly lastKey?: string | undefined;
}

export interface SubscriptionFilters {
  readonly status?: SubscriptionStatus | undefined;
  readonly expiresBefore?: Date | undefined;
  /** The moment that statuses are computed for. */
  readonly now: Date;
}

/** A page of a partner's subscriptions: by expiry with a filter, otherwise by external user id. */
export async function findSubscriptions(
  table: Table,
  partnerId: string,
  filters: SubscriptionFilters,
  page: PageRequest,
): Promise<SubscriptionPage> {
  return filters.status === undefined && filters.expiresBefore === undefined
    ? await listSubscriptions(table, partnerId, page)
    : await filterSubscriptions(table, partnerId, filters, page);
}

/** A page of a partner's subscriptions in the order of their external user ids, read consistently. */
export async function listSubscriptions(table: Table, partnerId: string, page: PageRequest): Promise<SubscriptionPage> {
  const { items, lastKey } = await table.query({ partition: subscriptionKey.subscription(partnerId, ""), ...page });
  return { items: items.map(fromStored), lastKey };
}

/** A page of the partner's subscriptions whose external user id begins with a text, read consistently. */
export async function searchSubscriptions(
  table: Table,
  partnerId: string,
  text: string,
  page: PageRequest,
): Promise<SubscriptionPage> {
  const partition = subscriptionKey.subscription(partnerId, "");
  const { items, lastKey } = await table.query({ partition, ...beginningWith(text), ...page });
  return { items: items.map(fromStored), lastKey };
}

/**
 * The latest subscription of the external user to whom the partner sold one with this id. It has another id if that sale was
 * followed by another one.
 */
export async function findBySubscriptionId(
  table: Table,
  partnerId: string,
  subscriptionId: string,
): Promise<Subscription | undefined> {
  const { gsi1pk: pk } = placeById(partnerId, { id: subscriptionId, externalUserId: "" });
  const { sortKeys } = await table.query({ partition: { pk }, index: "gsi1", limit: 1 });
  const [owner, externalUserId] = splitOnce(sortKeys[0] ?? "", "#");
  return owner === partnerId ? await findSubscription(table, partnerId, externalUserId) : undefined;
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** The maximum number of index pages that one call reads to fill its own: scheduled and active ones are mixed in the index. */
const maxIndexPages = 8;

/** A page of the subscriptions that pass the filters, by expiry, from the index. It may be short although more follow. */
export async function filterSubscriptions(
  table: Table,
  partnerId: string,
  { status, expiresBefore, now }: SubscriptionFilters,
  { limit, after }: PageRequest,
): Promise<SubscriptionPage> {
  const partitions = (status === undefined ? [false, true] : [status === "cancelled"]).map((cancelled) =>
    byExpiry(partnerId, cancelled),
  );
  const to = earliest(expiresBefore, status === "expired" ? justAfter(now) : undefined)?.toISOString();
  const from = status === "active" || status === "scheduled" ? justAfter(now).toISOString() : undefined;
  const found: Subscription[] = [];
  let place = after;
  for (let pages = 0; pages < maxIndexPages; pages++) {
    const reads = partitions.map((partition) =>
      table.query({ partition, index: "gsi1", from, to, after: place, limit }),
    );
    const page = mergePages(
      await Promise.all(reads),
      limit - found.length,
      (subscription) => status === undefined || statusAt(subscription, now) === status,
    );
    found.push(...page.items);
    place = page.lastKey;
    if (place === undefined || found.length === limit) break;
  }
  return { items: found, lastKey: place };
}

/**
 * Merges pages of several index partitions into one page in the order of the index. It ends where the first of them ends,
 * because nothing is known of that partition from there on.
 */
function mergePages(
  pages: readonly Page<StoredSubscription>[],
  maxItems: number,
  passes: (subscription: Subscription) => boolean,
): SubscriptionPage {
  const frontier = pages.flatMap(({ lastKey }) => lastKey ?? []).sort()[0];
  const passing = pages
    .flatMap(({ items, sortKeys }) =>
      items.map((item, index) => ({ subscription: fromStored(item), place: sortKeys[index] as string })),
    )
    .filter(({ place }) => frontier === undefined || place <= frontier)
    .filter(({ subscription }) => passes(subscription))
    .sort((a, b) => (a.place < b.place ? -1 : 1));
  const kept = passing.slice(0, maxItems);
  return {
    items: kept.map(({ subscription }) => subscription),
    lastKey: passing.length > maxItems ? kept.at(-1)?.place : frontier,
  };
}

/** A page of the changes of an external user's subscriptions, oldest first. */
export async function listHistory(
  table: Table,
  partnerId: string,
  externalUserId: string,
  page: PageRequest,
): Promise<Page<HistoryEntry>> {
  return await table.query({ partition: subscriptionKey.historyEntry(partnerId, externalUserId, 0), ...page });
}

export async function hasLiveSubscription(table: Table, partnerId: string, now: Date): Promise<boolean> {
  for await (const live of liveSubscriptions(table, partnerId, now)) if (live.length > 0) return true;
  return false;
}

/** All live subscriptions of a partner, read consistently, page by page. */
export async function* liveSubscriptions(
  table: Table,
  partnerId: string,
  now: Date,
): AsyncGenerator<readonly Subscription[]> {
  for await (const subscriptions of allSubscriptions(table, partnerId)) {
    yield subscriptions.filter((subscription) => isLive(subscription, now));
  }
}

/** All subscriptions of a partner, read consistently, page by page. */
export async function* allSubscriptions(table: Table, partnerId: string): AsyncGenerator<readonly Subscription[]> {
  for await (const { items } of subscriptionPages(table, partnerId)) yield items.map(fromStored);
}

/** All subscriptions of a partner, page by page; their sort keys are the external user ids. */
export function subscriptionPages(table: Table, partnerId: string): AsyncGenerator<Page<StoredSubscription>> {
  return pagesOf(table, subscriptionKey.subscription(partnerId, ""));
}

/** The subscriptions of a partner whose end is still to be announced, page by page, with the length of the page. */
export async function* noticedSubscriptions(table: Table, partnerId: string) {
  for await (const { items } of subscriptionPages(table, partnerId)) {
    yield { length: items.length, noticed: items.map(fromStored).filter(({ notice }) => notice !== undefined) };
  }
}

/** The keys of an external user's whole history, page by page. */
export async function* historyKeys(
  table: Table,
  partnerId: string,
  externalUserId: string,
): AsyncGenerator<readonly Key<HistoryEntry>[]> {
  const { pk } = subscriptionKey.historyEntry(partnerId, externalUserId, 0);
  for await (const { sortKeys } of pagesOf(table, { pk })) yield sortKeys.map((sk) => ({ pk, sk }));
}

const maxPageLength = 500;

async function* pagesOf<Shape>(table: Table, partition: Partition<Shape>): AsyncGenerator<Page<Shape>> {
  let after: string | undefined;
  do {
    const page: Page<Shape> = await table.query({ partition, limit: maxPageLength, after });
    yield page;
    after = page.lastKey;
  } while (after !== undefined);
}

function toStored({ startsAt, expiresAt, createdAt, updatedAt, notice, ...rest }: Subscription): StoredSubscription {
  return {
    ...rest,
    ...(notice !== undefined && { notice: { type: notice.type, at: notice.at.toISOString() } }),
    startsAt: startsAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function fromStored({ startsAt, expiresAt, createdAt, updatedAt, notice, ...rest }: StoredSubscription): Subscription {
  return {
    ...rest,
    ...(notice !== undefined && { notice: { type: notice.type, at: new Date(notice.at) } }),
    startsAt: new Date(startsAt),
    expiresAt: new Date(expiresAt),
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
  };
}

function earliest(...moments: readonly (Date | undefined)[]): Date | undefined {
  return moments.filter((moment) => moment !== undefined).sort((a, b) => a.getTime() - b.getTime())[0];
}

/** Index keys continue with the external user behind the moment, so the next millisecond is the bound that includes them. */
function justAfter(moment: Date): Date {
  return new Date(moment.getTime() + 1);
}
