/** Which days an answer has, and what its counts come to. */
import { countDays, dayOf } from "../runtime/day-counts.ts";
import { invalid, type Problem } from "../domain/problems.ts";
import { defaultRangeDays, maxRangeDays, type StoredSubscriptions, type SubscriptionCount } from "./model.ts";

/** Days of UTC, both included. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/** Before it there was no Portico. Years before 0 have six digits. */
const earliestEnd = "2000-01-01";

/** The asked days. Without `to` they end today, without `from` they are thirty. */
export function rangeOf(asked: Partial<Record<keyof DayRange, string | undefined>>, now: Date): DayRange | Problem {
  const to = asked.to ?? dayOf(now.getTime());
  if (to < earliestEnd) return invalid({ pointer: "/to", detail: `must not be before ${earliestEnd}` });
  const from = asked.from ?? daysAfter(to, 1 - defaultRangeDays);
  if (from > to) return invalid({ pointer: "/from", detail: "must not be after `to`, which is today by default" });
  if (from < daysAfter(to, 1 - maxRangeDays)) {
    return invalid({ pointer: "/from", detail: `must be so that the range has at most ${maxRangeDays} days` });
  }
  return { from, to };
}

const dayMs = 86_400_000;

/** The day that follows a number of days later. */
function daysAfter(day: string, count: number): string {
  return dayOf(Date.parse(day) + count * dayMs);
}

/** Every day of a range, the first one first. */
export function daysOf({ from, to }: DayRange): readonly string[] {
  const count = (Date.parse(to) - Date.parse(from)) / dayMs + 1;
  return Array.from({ length: count }, (_, index) => daysAfter(from, index));
}

/** What is counted of subscriptions in one day. `live` is their number at its end; undefined where that is no longer known. */
export type SubscriptionSums = Readonly<Record<Exclude<SubscriptionCount, "live">, number>> & {
  readonly live: number | undefined;
};

/**
 * Sums the counts by day. Only the present number of live subscriptions is kept, so the changes of later days are taken back from
 * it.
 *
 * @param stored from the first day of the range up to now, and of all time; in any order, several items for a day are added
 */
export function sumsOf(
  range: DayRange,
  stored: readonly StoredSubscriptions[],
  now: Date,
): ReadonlyMap<string, SubscriptionSums> {
  const sum = (items: readonly StoredSubscriptions[], name: SubscriptionCount) =>
    items.reduce((total, item) => total + (item[name] ?? 0), 0);
  const byDay = Map.groupBy(stored, ({ day }) => day);
  const firstKept = daysAfter(dayOf(now.getTime()), 1 - countDays);
  const later = stored.filter(({ day }) => day !== undefined && day > range.to);
  let live = sum(byDay.get(undefined) ?? [], "live") - sum(later, "live");
  const sums = daysOf(range)
    .toReversed()
    .map((day): readonly [string, SubscriptionSums] => {
      const items = byDay.get(day) ?? [];
      const atEnd = live;
      live -= sum(items, "live");
      return [
        day,
        {
          created: sum(items, "created"),
          extended: sum(items, "extended"),
          cancelled: sum(items, "cancelled"),
          expired: sum(items, "expired"),
          // The day before the first one that is kept is known as well, but its counts may be gone.
          live: day < firstKept ? undefined : atEnd,
        },
      ];
    });
  return new Map(sums);
}
