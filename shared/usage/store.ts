/** Reads and writes of counts. */
import { eventKey } from "../events/keys.ts";
import { addition, countDays, dayAddition, type Counts } from "../runtime/day-counts.ts";
import type { Table, UpdateWrite, Write } from "../runtime/table.ts";
import { all, present } from "../runtime/writes.ts";
import { shardOfAll, shardsOfAll, usageKey } from "./keys.ts";
import { maxRangeDays, type StoredDay, type StoredSubscriptions, type SubscriptionCount } from "./model.ts";
import type { DayRange } from "./rules.ts";

/** Adds calls to the counts of a day, by their names. */
export function callsAddition(partnerId: string, day: string, counts: Counts): UpdateWrite<StoredDay> {
  return { update: usageKey.day(partnerId, day), set: dayAddition(day, counts) };
}

/** The days of a range that have counts. */
export async function listDays(table: Table, owner: string, { from, to }: DayRange): Promise<readonly StoredDay[]> {
  const range = { partition: usageKey.days(owner), from, to, limit: maxRangeDays };
  const { items } = await table.query(range);
  return items;
}

/** The same of all partners together, in several items for a day. */
export async function listDaysOfAll(table: Table, range: DayRange): Promise<readonly StoredDay[]> {
  return (await Promise.all(shardsOfAll.map((shard) => listDays(table, shard, range)))).flat();
}

/** The events of a change were counted before, or are no longer kept. */
export class AlreadyCounted extends Error {
  override readonly name = "AlreadyCounted";
  readonly eventIds: ReadonlySet<string>;

  constructor(eventIds: readonly string[]) {
    super("already counted");
    this.eventIds = new Set(eventIds);
  }
}

/** Marks events as counted, in the transaction that counts them. @throws AlreadyCounted */
export function countedMarks(partnerId: string, eventIds: readonly string[]): readonly Write[] {
  const keys = eventIds.map((id) => ({ id, key: eventKey.event(partnerId, id) }));
  return keys.map(({ key }) => ({
    update: key,
    set: { expression: "SET counted = :counted", values: { ":counted": true } },
    condition: all(present, { expression: "attribute_not_exists(counted)" }),
    onConditionFailed: (_existing, alsoFailed) =>
      new AlreadyCounted(keys.filter((each) => alsoFailed(each.key)).map(({ id }) => id)),
  }));
}

export type SubscriptionCounts = ReadonlyMap<SubscriptionCount, number>;

/** Adds to what is counted of a partner's subscriptions. @param day undefined: to all time alone */
export function subscriptionsAddition(
  partnerId: string,
  day: string | undefined,
  { counts, forAll }: { readonly counts: SubscriptionCounts; readonly forAll: boolean },
): readonly Write[] {
  const owners = forAll ? [partnerId, shardOfAll(partnerId)] : [partnerId];
  return owners.flatMap((owner): readonly Write[] => [
    ...(day === undefined ? [] : [{ update: usageKey.subscriptions(owner, day), set: dayAddition(day, counts) }]),
    { update: usageKey.allSubscriptions(owner), set: addition(counts) },
  ]);
}

/** What is counted of a partner's subscriptions from a day on, and of all time. */
export async function listSubscriptionCounts(
  table: Table,
  partnerId: string,
  from: string,
): Promise<readonly StoredSubscriptions[]> {
  return await listOwned(table, partnerId, from);
}

/** What is counted of the subscriptions of all partners from a day on, and of all time, in several items each. */
export async function listAllSubscriptionCounts(table: Table, from: string): Promise<readonly StoredSubscriptions[]> {
  return (await Promise.all(shardsOfAll.map((shard) => listOwned(table, shard, from)))).flat();
}

/** Up to now: what is counted from the last days back to one tells how many were live at its end. */
async function listOwned(table: Table, owner: string, from: string): Promise<readonly StoredSubscriptions[]> {
  const items: StoredSubscriptions[] = [];
  let after: string | undefined;
  do {
    const range = { partition: usageKey.allSubscriptions(owner), from, after, limit: countDays };
    const page = await table.query<StoredSubscriptions>(range);
    items.push(...page.items);
    after = page.lastKey;
  } while (after !== undefined);
  return items;
}
