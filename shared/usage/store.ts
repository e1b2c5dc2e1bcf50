/** Reads and writes of the counts of calls. */
import type { Table, UpdateWrite } from "../runtime/table.ts";
import { usageKey } from "./keys.ts";
import { forgottenFrom, maxRangeDays, type StoredDay } from "./model.ts";
import type { DayRange } from "./rules.ts";

/** Adds calls to the counts of a day, by their names. */
export function callsAddition(
  partnerId: string,
  day: string,
  counts: ReadonlyMap<string, number>,
): UpdateWrite<StoredDay> {
  const entries = [...counts];
  return {
    update: usageKey.day(partnerId, day),
    set: {
      expression: `SET #day = :day, #ttl = :ttl ADD ${entries.map((_, index) => `#n${index} :n${index}`).join(", ")}`,
      names: {
        "#day": "day",
        "#ttl": "ttl",
        ...Object.fromEntries(entries.map(([name], index) => [`#n${index}`, name])),
      },
      values: {
        ":day": day,
        ":ttl": forgottenFrom(day),
        ...Object.fromEntries(entries.map(([, count], index) => [`:n${index}`, count])),
      },
    },
  };
}

/** The days of a range that have counts. */
export async function listDays(table: Table, partnerId: string, { from, to }: DayRange): Promise<readonly StoredDay[]> {
  const range = { partition: usageKey.days(partnerId), from, to, limit: maxRangeDays };
  const { items } = await table.query(range);
  return items;
}
