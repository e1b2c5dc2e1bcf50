/** Items of subscriptions: the latest one of each external user, and every change that led to it. */
import { etagOf } from "../domain/etag.ts";
import { orThrow, notFound } from "../domain/problems.ts";
import { whileActive } from "../identity/store.ts";
import { newId } from "../domain/ids.ts";
import { absent, unchanged } from "../runtime/writes.ts";
import { key } from "../runtime/key.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Change, Item, Page, QueryRange, Table } from "../runtime/table.ts";
import type { changeTypes, HistoryEntry, SubscriptionView } from "./contract.ts";
import { isLive, statusAt, type Subscription, type SubscriptionStatus, type Term } from "./rules.ts";

export async function findSubscription(
  table: Table,
  partnerId: string,
  externalUserId: string,
): Promise<Subscription | undefined> {
  const item = await table.get(key.subscription(partnerId, externalUserId));
  return item && fromItem(item);
}

/** The latest subscription of an external user. @throws Problem `not_found` */
export async function readSubscription(table: Table, partnerId: string, externalUserId: string): Promise<Subscription> {
  return orThrow((await findSubscription(table, partnerId, externalUserId)) ?? notFound());
}

/** Who makes a change, by which token, when. */
export interface Author {
  readonly partnerId: string;
  readonly tokenId: string;
  readonly now: Date;
}

/** The subscription and its line in the history, unless it has changed since it was read. */
export function subscriptionChange(
  type: (typeof changeTypes)[number],
  before: Subscription | undefined,
  after: Subscription,
  { partnerId, tokenId, now }: Author,
): Change {
  if (before?.revision === after.revision) return [];
  const entry: HistoryEntry = {
    id: newId("hst_", after.updatedAt),
    type,
    at: after.updatedAt.toISOString(),
    from: before === undefined || type === "created" ? null : viewTerm(before),
    to: viewTerm(after),
    tokenId,
  };
  return [
    {
      put: toItem(partnerId, after),
      condition: unchanged(before?.revision),
      onConditionFailed: () => new ConcurrencyConflict(),
    },
    {
      put: { ...key.subscriptionHistory(partnerId, after.externalUserId, after.revision), ...entry },
      condition: absent,
      onConditionFailed: () => new ConcurrencyConflict(),
    },
    // What comes to life must not be missed by a deletion of the partner.
    ...(isLive(after, now) && !(before && isLive(before, now)) ? [whileActive(partnerId, now)] : []),
  ];
}

interface PageRequest {
  readonly limit: number;
  readonly after: string | undefined;
}

interface SubscriptionPage {
  readonly subscriptions: readonly Subscription[];
  readonly lastKey: string | undefined;
}

/** A page of a partner's subscriptions in the order of their external user ids, read consistently. */
export async function listSubscriptions(table: Table, partnerId: string, page: PageRequest): Promise<SubscriptionPage> {
  const { items, lastKey } = await table.query({ pk: key.subscription(partnerId, "").pk, ...page });
  return { subscriptions: items.map(fromItem), lastKey };
}

export interface SubscriptionFilters {
  readonly status?: SubscriptionStatus | undefined;
  readonly expiresBefore?: Date | undefined;
}

/** How many pages of the index one call reads to fill its own; scheduled and active ones lie mixed in it. */
const maxIndexPages = 8;

/**
 * A page of the subscriptions that pass the filters, by expiry, from the index. It may have fewer than `limit` although
 * there are more.
 */
export async function filterSubscriptions(
  table: Table,
  partnerId: string,
  { status, expiresBefore }: SubscriptionFilters,
  now: Date,
  { limit, after }: PageRequest,
): Promise<SubscriptionPage> {
  const partitions = status === undefined ? [false, true] : [status === "cancelled"];
  const to = earliest(expiresBefore, status === "expired" ? soonestAfter(now) : undefined)?.toISOString();
  const from = status === "active" || status === "scheduled" ? soonestAfter(now).toISOString() : undefined;
  const found: Item[] = [];
  let place = after;
  for (let pages = 0; pages < maxIndexPages; pages++) {
    const ranges = partitions.map((cancelled): QueryRange => ({
      pk: indexPartition(partnerId, cancelled),
      index: "gsi1",
      from,
      to,
      after: place,
      limit,
    }));
    const page = mergePages(
      await Promise.all(ranges.map((range) => table.query(range))),
      limit - found.length,
      (item) => status === undefined || statusAt(fromItem(item), now) === status,
    );
    found.push(...page.items);
    place = page.lastKey;
    if (place === undefined || found.length === limit) break;
  }
  return { subscriptions: found.map(fromItem), lastKey: place };
}

/** A page of a partner's subscriptions: by expiry where a filter is given, otherwise by external user id. */
export async function findSubscriptions(
  table: Table,
  partnerId: string,
  filters: SubscriptionFilters,
  now: Date,
  page: PageRequest,
): Promise<SubscriptionPage> {
  return filters.status === undefined && filters.expiresBefore === undefined
    ? await listSubscriptions(table, partnerId, page)
    : await filterSubscriptions(table, partnerId, filters, now, page);
}

/**
 * One page, in the order of the index, of pages from several partitions: up to where all of them are known.
 *
 * @param most how many items at the most
 */
function mergePages(pages: readonly Page[], most: number, passes: (item: Item) => boolean): Page {
  const frontiers = pages.flatMap(({ lastKey }) => (lastKey === undefined ? [] : [lastKey])).sort();
  const frontier = frontiers[0];
  const known = pages
    .flatMap(({ items }) => items)
    .filter(({ gsi1sk }) => frontier === undefined || gsi1sk <= frontier)
    .sort((a, b) => (a.gsi1sk < b.gsi1sk ? -1 : 1));
  const passing = known.filter(passes);
  const items = passing.slice(0, most);
  const lastKey = passing.length > most ? (items.at(-1)?.gsi1sk as string) : frontier;
  return { items, ...(lastKey !== undefined && { lastKey }) };
}

/** A page of the changes under an external user, oldest first. */
export async function listHistory(
  table: Table,
  partnerId: string,
  externalUserId: string,
  page: PageRequest,
): Promise<{ readonly entries: readonly HistoryEntry[]; readonly lastKey: string | undefined }> {
  const { pk } = key.subscriptionHistory(partnerId, externalUserId, 0);
  const { items, lastKey } = await table.query({ pk, ...page });
  return { entries: items.map(viewEntry), lastKey };
}

function viewEntry(item: Item): HistoryEntry {
  const { id, type, at, from, to, tokenId } = item as HistoryEntry;
  return { id, type, at, from: from && orderedTerm(from), to: to && orderedTerm(to), tokenId };
}

/** DynamoDB gives members back in any order; readers like them in one. */
function orderedTerm({
  duration,
  startsAt,
  expiresAt,
}: NonNullable<HistoryEntry["to"]>): NonNullable<HistoryEntry["to"]> {
  return { duration, startsAt, expiresAt };
}

const sweepLimit = 500;

/** Whether a partner has a live subscription. */
export async function hasLiveSubscription(table: Table, partnerId: string, now: Date): Promise<boolean> {
  for await (const subscriptions of allSubscriptions(table, partnerId)) {
    if (subscriptions.some((subscription) => isLive(subscription, now))) return true;
  }
  return false;
}

/** Removes all of a partner's subscriptions and their history. Done again, it goes on where it was interrupted. */
export async function removeSubscriptions(table: Table, partnerId: string): Promise<void> {
  for await (const subscriptions of allSubscriptions(table, partnerId)) {
    for (const { externalUserId } of subscriptions) {
      const { pk } = key.subscriptionHistory(partnerId, externalUserId, 0);
      for (let history = await table.query({ pk, limit: sweepLimit }); history.items.length > 0;) {
        await table.remove(history.items.map(({ sk }) => ({ pk, sk })));
        if (history.lastKey === undefined) break;
        history = await table.query({ pk, limit: sweepLimit, after: history.lastKey });
      }
    }
    await table.remove(subscriptions.map(({ externalUserId }) => key.subscription(partnerId, externalUserId)));
  }
}

async function* allSubscriptions(table: Table, partnerId: string): AsyncGenerator<readonly Subscription[]> {
  let after: string | undefined;
  do {
    const page = await listSubscriptions(table, partnerId, { limit: sweepLimit, after });
    yield page.subscriptions;
    after = page.lastKey;
  } while (after !== undefined);
}

/** Cancelled ones lie apart: their expiry is the moment of the cancelling, and lists by status seldom want them. */
function indexPartition(partnerId: string, cancelled: boolean): string {
  const { pk } = key.subscription(partnerId, "");
  return cancelled ? `${pk}#CANCELLED` : pk;
}

function toItem(partnerId: string, { startsAt, expiresAt, createdAt, updatedAt, ...rest }: Subscription) {
  const expiry = expiresAt.toISOString();
  return {
    ...key.subscription(partnerId, rest.externalUserId),
    gsi1pk: indexPartition(partnerId, rest.cancelled),
    gsi1sk: `${expiry}#${rest.externalUserId}`,
    ...rest,
    startsAt: startsAt.toISOString(),
    expiresAt: expiry,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function fromItem(item: Item): Subscription {
  const { id, externalUserId, userEmail, duration, cancelled, revision } = item as unknown as Subscription;
  const moment = (name: string) => new Date(item[name] as string);
  return {
    id,
    externalUserId,
    userEmail,
    duration,
    cancelled,
    revision,
    startsAt: moment("startsAt"),
    expiresAt: moment("expiresAt"),
    createdAt: moment("createdAt"),
    updatedAt: moment("updatedAt"),
  };
}

function viewTerm({ duration, startsAt, expiresAt }: Term): NonNullable<HistoryEntry["to"]> {
  return { duration, startsAt: startsAt.toISOString(), expiresAt: expiresAt.toISOString() };
}

/** A subscription as callers see it at a moment. */
export function viewSubscription(subscription: Subscription, now: Date): SubscriptionView {
  const { id, externalUserId, userEmail, createdAt, updatedAt, revision } = subscription;
  return {
    id,
    externalUserId,
    userEmail,
    ...viewTerm(subscription),
    status: statusAt(subscription, now),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    etag: etagOf(revision),
  };
}

function earliest(...moments: readonly (Date | undefined)[]): Date | undefined {
  return moments.filter((moment) => moment !== undefined).sort((a, b) => a.getTime() - b.getTime())[0];
}

/** Expiry keys have the external user behind the moment, so the next millisecond is the bound between «until» and «after». */
function soonestAfter(moment: Date): Date {
  return new Date(moment.getTime() + 1);
}
