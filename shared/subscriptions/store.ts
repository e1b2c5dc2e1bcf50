/** Reads and writes of subscriptions: the latest one of each external user, and every change that led to it. */
import { newId } from "../domain/ids.ts";
import { notFound, orThrow } from "../domain/problems.ts";
import { whileActive } from "../identity/store.ts";
import type { Key, Partition } from "../runtime/key.ts";
import { beginningWith, type PageRequest } from "../runtime/search.ts";
import type { Change, Page, Table } from "../runtime/table.ts";
import { putAbsent, putUnchanged } from "../runtime/writes.ts";
import { byExpiry, placeByExpiry, placeById, subscriptionKey } from "./keys.ts";
import {
  termOf,
  type ChangeType,
  type HistoryEntry,
  type StoredSubscription,
  type Subscription,
  type SubscriptionStatus,
} from "./model.ts";
import { isLive, statusAt } from "./rules.ts";

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

/** The partner and the access token that make a change, and the time. */
export interface Author {
  readonly partnerId: string;
  readonly tokenId: string;
  readonly now: Date;
}

/** Keeps a subscription and its history entry, unless the subscription has changed since it was read. */
export function subscriptionChange(
  type: ChangeType,
  before: Subscription | undefined,
  after: Subscription,
  { partnerId, tokenId, now }: Author,
): Change {
  if (before?.revision === after.revision) return [];
  const key = subscriptionKey.subscription(partnerId, after.externalUserId);
  const stored = toStored(after);
  const index = placeByExpiry(partnerId, stored);
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
    before === undefined ? putAbsent(key, stored, { index }) : putUnchanged(key, stored, before.revision, index),
    putAbsent(subscriptionKey.historyEntry(partnerId, after.externalUserId, after.revision), entry, {
      index: type === "created" ? placeById(partnerId, after) : undefined,
    }),
    // A new or reactivated subscription must not escape a deletion of the partner.
    ...(comesToLife ? [whileActive(partnerId, now)] : []),
  ];
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
  for await (const { items } of subscriptionPages(table, partnerId)) {
    yield items.map(fromStored).filter((subscription) => isLive(subscription, now));
  }
}

/** All subscriptions of a partner, page by page; their sort keys are the external user ids. */
export function subscriptionPages(table: Table, partnerId: string): AsyncGenerator<Page<StoredSubscription>> {
  return pagesOf(table, subscriptionKey.subscription(partnerId, ""));
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

function toStored({ startsAt, expiresAt, createdAt, updatedAt, ...rest }: Subscription): StoredSubscription {
  return {
    ...rest,
    startsAt: startsAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function fromStored({ startsAt, expiresAt, createdAt, updatedAt, ...rest }: StoredSubscription): Subscription {
  return {
    ...rest,
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
